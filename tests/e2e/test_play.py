"""A visitor plays: charts move, knobs act, links lead to the same run, watchers only watch."""

from urllib.parse import parse_qs, urlsplit

from tests.e2e.app import HOLD, LET_GO

LINE = {"health", "density", "losses", "scores", "quality", "gradients"}


def query(visitor) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(visitor.page.url).query).items()}


def counts(visitor) -> tuple[int, ...]:
    """Iteration, D's updates, G's updates, as the bar above the panels has them."""
    shown = (
        visitor.page.locator(f"[data-count={name}]").inner_text() for name in ("iteration", "d_updates", "g_updates")
    )
    return tuple(int(text.replace(",", "").replace("–", "-1")) for text in shown)


def test_the_line_page_shows_the_untrained_generator_and_plays(visitor):
    me = visitor().visit()
    me.until(
        lambda: set(me.shown()) == LINE and all(at == 0 for at in me.shown().values()), why="for the untrained frame"
    )
    assert me.state == "paused"
    me.play()
    before = me.shown()
    me.until(lambda: all(at > before[name] for name, at in me.shown().items()), why="for every panel to move")
    me.press("Pause")
    me.until(lambda: me.state == "paused")
    me.until(lambda: len(set(me.shown().values())) == 1, why="for all panels to show the last frame")


def test_play_is_heard_though_the_connection_opens_late(visitor):
    me = visitor()
    me.page.add_init_script(HOLD)
    me.visit().press("Play")
    me.page.evaluate(LET_GO)
    me.until(lambda: me.state == "playing", why="for what was pressed early")


def test_keys_play_pause_and_step(visitor):
    me = visitor().visit()
    me.until(lambda: len(me.shown()) == 6 and set(me.shown().values()) == {0})
    me.page.locator("[data-panel=density] h3").click()
    me.page.keyboard.press("ArrowRight")
    me.until(lambda: me.iteration == 1)
    me.page.keyboard.press("Space")
    me.until(lambda: me.state == "playing")
    me.page.keyboard.press("Space")
    me.until(lambda: me.state == "paused")


def test_one_player_can_be_stepped_alone(visitor):
    me = visitor().visit()
    me.until(lambda: me.iteration == 0 and me.shown().get("density") == 0)
    me.press("Step D")
    me.until(lambda: counts(me) == (0, 1, 0))
    me.until(lambda: query(me).get("changes") == "0:step=d", why="for the step to stand in the link")
    me.page.locator("[data-panel=density] h3").click()
    me.page.keyboard.press("g")
    me.until(lambda: counts(me) == (0, 1, 1))
    me.page.keyboard.press("d")
    me.until(lambda: counts(me) == (0, 2, 1))
    me.press("Step")
    me.until(lambda: counts(me) == (1, 3, 2))


def test_a_frozen_generator_stands_still_while_the_run_plays_and_the_link_says_so(visitor):
    me = visitor().visit("/plane").play(20)
    me.press("Freeze G")
    me.until(lambda: "frozen=g" in query(me).get("changes", ""), why="for the freeze to stand in the link")
    assert me.page.get_by_role("button", name="Step G", exact=True).is_disabled()
    me.until(lambda: me.page.get_by_role("button", name="Freeze G").get_attribute("aria-pressed") == "true")
    at, (_, d_updates, g_updates) = me.iteration, counts(me)
    me.until(lambda: me.iteration > at + 30)
    assert me.state == "playing" and counts(me)[2] == g_updates and counts(me)[1] > d_updates
    me.press("Freeze G")
    me.until(lambda: counts(me)[2] > g_updates, why="for G to go on")
    assert query(me)["changes"].count("frozen=") == 2


def test_a_live_knob_is_stamped_on_the_charts_and_in_the_link(visitor):
    me = visitor().visit().play()
    me.slide("learning rate", ["ArrowRight"])
    me.until(lambda: "g_opt.lr=" in query(me).get("changes", ""), why="for the change in the link")
    assert me.state == "playing"
    stamped = int(query(me)["changes"].split(":")[0])
    assert stamped > 0
    me.press("Pause")
    for panel in ("losses", "scores", "quality", "gradients"):
        line = me.page.locator(f"[data-panel={panel}] .gs-event").first
        me.until(line.is_visible, why=f"for the line on {panel}")  # once the chart has come so far
        assert line.inner_text().startswith("g_opt.lr=")
        # It stands where the chart has this iteration, once the frames that are under way have been drawn.
        axis = "xaxis2" if panel == "scores" else "xaxis"
        off = f"""(panel) => {{
            const chart = panel.querySelector(".js-plotly-plot"), x = chart._fullLayout.{axis};
            const there = chart.getBoundingClientRect().x + x._offset + x.d2p({stamped});
            return Math.abs(panel.querySelector(".gs-event").getBoundingClientRect().x - there);
        }}"""
        me.until(lambda: me.page.eval_on_selector(f"[data-panel={panel}]", off) < 1.5, why=f"for the line on {panel}")  # noqa: B023


def test_restart_keeps_the_settings_and_a_restart_knob_waits_for_it(visitor):
    me = visitor().visit().play()
    me.slide("width", ["ArrowRight"])
    me.page.get_by_role("button", name="Restart now").wait_for()
    assert query(me)["g.width"] == "32"
    me.page.get_by_role("button", name="Restart now").click()
    me.until(lambda: query(me).get("g.width") == "64", why="for the new width in the link")
    me.until(lambda: me.iteration > 0, why="for the new run to play on")


def test_the_same_link_twice_is_the_same_run_bit_for_bit(visitor):
    first = visitor().visit("/?seed=3&until=300")
    first.play(100)
    first.slide("learning rate", ["ArrowRight", "ArrowRight"])
    first.until(lambda: "changes" in query(first))
    first.until(lambda: first.state == "finished")
    again = visitor().visit(first.page.url)
    again.press("Play")
    again.until(lambda: again.state == "finished")
    assert again.run != first.run
    assert query(again)["changes"] == query(first)["changes"]
    one, two = first.server.scalars(first.run), again.server.scalars(again.run)
    assert len(one) == 300 and one == two


def test_a_watcher_sees_the_run_and_cannot_touch_it(visitor):
    teacher = visitor().visit().play()
    student = visitor().visit(f"/?watch={teacher.run}")
    student.until(lambda: student.state == "playing" and student.iteration > 0)
    assert student.page.get_by_role("button", name="Pause").count() == 0
    assert student.page.get_by_role("slider").count() == 1  # to look back: the run itself stays the teacher's
    student.page.keyboard.press("Space")
    teacher.press("Pause")
    student.until(lambda: student.state == "paused")
    student.until(lambda: student.iteration == teacher.iteration)


def test_two_visitors_are_independent(visitor):
    one, two = visitor().visit(), visitor().visit()
    one.play()
    assert one.run != two.run
    assert two.state == "paused" and two.iteration == 0


def test_bad_values_in_the_link_are_explained_and_the_page_still_works(visitor):
    me = visitor().visit("/?batch=-3&seed=5")
    assert me.page.get_by_text('batch = "-3" cannot be used').is_visible()
    me.play()
    assert query(me)["seed"] == "5"


def test_a_run_that_diverges_stops_and_offers_the_last_good_state(visitor):
    me = visitor().visit("/?g_opt=sgd&d_opt=sgd&g_opt.lr=10&d_opt.lr=10&loss=least-squares&penalty=none&play=1")
    me.until(lambda: me.state == "failed", why="for the run to diverge")
    told = me.page.get_by_role("alert").first.inner_text()
    assert "non-finite in iteration" in told and "was not applied" in told


def test_digits_play_and_the_nearest_real_picture_answers_a_pointer(visitor):
    me = visitor().visit("/images")
    assert set(me.shown()) == {"health", "samples", "pca", "losses", "scores", "gradients", "held-out", "spectrum"}
    me.play()
    box = me.page.locator("[data-panel=samples] .js-plotly-plot").bounding_box()
    me.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.5)
    me.until(
        lambda: me.page.locator("[data-panel=samples] .hoverlayer").first.text_content().strip() != "",
        why="for the distance",
    )
    for view in ("3-D", "By class", "Fresh z", "Real samples"):
        me.page.get_by_role("button", name=view, exact=True).click()
    before = me.iteration
    me.until(lambda: me.shown()["pca"] > before)


def test_the_plane_plays_and_every_panel_draws(visitor):
    me = visitor().visit("/plane").play(50)
    names = {"plane", "shares", "sliced", "latent", "losses", "scores", "gradients", "neighbours"}
    me.until(lambda: all(me.shown().get(name, 0) > 0 for name in names), why="for a frame on every panel")
    me.press("Pause")
    field = me.page.locator("[data-panel=plane] .gs-swift image").first
    assert field.get_attribute("href").startswith("data:image/png")


def test_changes_close_to_each_other_are_named_without_one_covering_another(visitor):
    changes = {
        20: "d_opt.lr=0.001",
        21: "batch=128",
        22: "g_opt.lr=0.002",
        23: "batch=64",
        24: "loss=hinge",
        70: "batch=32",
    }
    me = visitor().visit("/?until=100&changes=" + ";".join(f"{at}:{what}" for at, what in changes.items()))
    me.press("Play")
    me.until(lambda: me.state == "finished")
    for panel in ("losses", "scores", "quality", "gradients"):
        names = me.page.locator(f"[data-panel={panel}] .gs-event span:visible")
        me.until(lambda: "batch=32" in " ".join(names.all_inner_texts()), why=f"for the last change on {panel}")  # noqa: B023
        boxes = names.evaluate_all("all => all.map(e => e.getBoundingClientRect().toJSON())")
        told = names.evaluate_all("all => all.map(e => e.title).join('\\n')")
        assert sorted(told.split("\n")) == [f"iteration {at}: {what}" for at, what in changes.items()]
        for at, one in enumerate(boxes):
            for other in boxes[:at]:
                beside = one["left"] >= other["right"] or other["left"] >= one["right"]
                assert beside or one["top"] >= other["bottom"] or other["top"] >= one["bottom"], (panel, one, other)


def test_a_tap_shows_the_changes_that_share_a_name(visitor):
    changes = {at: f"batch={at}" for at in range(20, 40)}
    me = visitor(has_touch=True).visit("/?until=60&changes=" + ";".join(f"{at}:{what}" for at, what in changes.items()))
    me.press("Play")
    me.until(lambda: me.state == "finished")
    panel = me.page.locator("[data-panel=losses]")
    panel.scroll_into_view_if_needed()
    joined, told = panel.locator(".gs-event span:visible", has_text="+").last, panel.locator(".gs-changes")
    assert not told.is_visible()
    joined.tap()
    said = told.locator("li").all_inner_texts()
    assert len(said) > 1 and said == joined.get_attribute("title").split("\n")
    inside, chart = told.bounding_box(), panel.bounding_box()
    assert chart["x"] <= inside["x"] and inside["x"] + inside["width"] <= chart["x"] + chart["width"]
    panel.get_by_role("heading").tap()
    me.until(lambda: not told.is_visible())
    joined.focus()
    assert told.is_visible()


def test_every_widget_has_a_name_of_words(visitor):
    me = visitor().visit("/line")
    me.page.get_by_text("All knobs").click()
    me.until(lambda: me.page.get_by_role("slider").count() > 20)
    said = me.page.eval_on_selector_all("[aria-label]", "all => all.map(e => e.ariaLabel)")
    assert len(said) > 60 and not [name for name in said if ":material" in name]


def test_the_strip_of_verdicts_takes_a_line_of_room_until_one_is_told_and_then_keeps_it(visitor):
    me = visitor().visit("/?preset=failure-dropped-modes&speed=500&until=4000")
    strip = me.page.locator("[data-panel=health]")
    calm = strip.bounding_box()["height"]
    assert calm <= 50
    me.press("Play")
    me.until(lambda: strip.locator(".gs-sick").count(), why="for a verdict")
    told = strip.bounding_box()["height"]
    body = strip.locator(".gs-verdict-body").evaluate("e => [e.scrollHeight, e.clientHeight]")
    assert calm < told and body[0] == body[1]
    me.press("Restart")
    me.until(lambda: strip.get_attribute("data-verdict") == "too-early", why="for the verdict to go")
    assert strip.bounding_box()["height"] == told
    me.page.set_viewport_size({"width": 1400, "height": 768})
    me.until(lambda: strip.bounding_box()["height"] == calm, why="for the strip to measure anew")
