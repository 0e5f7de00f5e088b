"""The data edited by hand in a real browser: modes dragged while it trains, laws drawn by mouse and finger, files brought in."""

import math

from tests.e2e.test_play import query


def opened(visitor, **options):
    me = visitor(**options).visit("/plane")
    me.page.get_by_role("button", name="Brush").wait_for(timeout=60_000)
    me.until(lambda: me.shown().get("plane") == 0, why="for the untrained frame")
    return me


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def reals(me):
    """The real samples on the stage, where they are drawn: to a tenth of a pixel."""
    return me.page.evaluate("""() => {
        const { xaxis, yaxis } = document.querySelector("[data-panel=plane] .gs-plot")?._fullLayout ?? {};
        const path = document.querySelector('[data-panel=plane] .gs-swift [data-trace="real samples"]');
        const drawn = xaxis && path?.getAttribute("d"); // not yet, where the stage is made anew
        return [...(drawn ?? "").matchAll(/M([-.0-9]+),([-.0-9]+)/g)].map(([, x, y]) => [xaxis.p2c(+x), yaxis.p2c(+y)]);
    }""")


def near(me, x, y, within=0.25):
    return sum(math.hypot(a - x, b - y) < within for a, b in reals(me))


def place(me, x, y):
    """Where a point of the stage is on the page."""
    return me.page.evaluate(
        """([x, y]) => {
        const plot = document.querySelector("[data-panel=plane] .gs-plot");
        const { left, top } = plot.getBoundingClientRect();
        const { xaxis, yaxis } = plot._fullLayout;
        return [left + xaxis._offset + xaxis.d2p(x), top + yaxis._offset + yaxis.d2p(y)];
    }""",
        [x, y],
    )


def drag(me, start, end, steps=20):
    me.page.mouse.move(*start)
    me.page.mouse.down()
    for step in range(1, steps + 1):
        share = step / steps
        me.page.mouse.move(*(a + share * (b - a) for a, b in zip(start, end)))
        me.page.wait_for_timeout(30)
    me.page.mouse.up()


def edits(me):
    """The changes of the link, without their iterations."""
    changes = query(me).get("changes", "")
    return [change.split(":", 1)[1].split("=")[0] for change in changes.split(";") if change]


def test_a_mode_is_dragged_while_it_trains_and_the_rest_of_the_page_follows(visitor):
    me = opened(visitor).play(50)
    me.press("Move modes")
    handle = me.page.get_by_role("button", name="Mode 1 at (1.00, 0.00)")
    drag(me, middle(handle), place(me, 0.2, 0.1))
    me.until(lambda: edits(me) == ["data", "data.modes"], why="for the edit to stand in the link")
    me.until(lambda: near(me, 0.2, 0.1) > 20 and near(me, 1, 0) == 0, why="for the real samples to follow")
    assert me.state == "playing"
    me.until(lambda: query(me).get("data") == "ring")  # what it began with
    me.until(lambda: me.page.get_by_role("button", name="Bells of your own").get_attribute("aria-pressed") == "true")
    assert (
        me.page.get_by_role("button", name="Move modes").get_attribute("aria-pressed") == "true"
    )  # nothing was torn down
    me.press("Undo")
    me.until(lambda: near(me, 1, 0) > 20 and near(me, 0.2, 0.1) == 0)
    me.press("Pause")
    me.until(lambda: me.state == "paused")
    rows = [int(row["iteration"]) for row in me.server.scalars(me.run)]
    assert rows == list(range(1, len(rows) + 1))
    assert len(edits(me)) == 3


def test_modes_are_added_weighed_and_deleted_also_by_keyboard(visitor):
    me = opened(visitor).play(20)
    me.press("Move modes")
    handles = me.page.locator(".gs-bell")
    me.page.mouse.click(*place(me, 0.3, 0.2))
    me.until(lambda: handles.count() == 9 and near(me, 0.3, 0.2) > 15)
    last = handles.nth(8)
    last.focus()
    for key in ("+", "+", "+", "+", "+"):
        me.page.keyboard.press(key)
    me.until(lambda: "20 %" in last.get_attribute("aria-label"), why="for its weight to have doubled")
    me.until(lambda: near(me, 0.3, 0.2) > 50)
    me.page.keyboard.press("Shift+ArrowUp")
    me.until(lambda: "(0.300, 0.2" in last.get_attribute("aria-label"))
    me.page.keyboard.press("Delete")
    me.until(lambda: handles.count() == 8 and near(me, 0.3, 0.2) == 0)
    handles.first.click()
    me.page.get_by_role("slider", name="Width σ").focus()
    me.page.keyboard.press("End")
    me.until(lambda: near(me, 1, 0, 1.0) > 20 and near(me, 1, 0, 0.15) < 20, why="for a bell that is wide")


def test_modes_are_drawn_by_mouse_and_act_when_they_are_applied(visitor):
    me = opened(visitor)
    me.press("Draw modes")
    for x, y in ((-0.5, -0.5), (0.5, 0.5), (1, 1)):
        me.page.mouse.click(*place(me, x, y))
    me.press("Undo")
    assert me.page.locator(".gs-draft path").count() == 2 and near(me, 1, 0) > 20
    me.press("Apply")
    me.until(lambda: near(me, -0.5, -0.5, 0.6) + near(me, 0.5, 0.5, 0.6) == 400, why="for the drawn law")
    me.until(lambda: query(me)["data"] == "plane-mixture" and query(me)["data.modes"].count(":") == 6)
    link = me.page.url
    again = visitor().visit(link)
    again.until(
        lambda: again.shown().get("plane") == 0 and near(again, 0.5, 0.5) > 100, why="for the link to bring it back"
    )


def test_a_finger_paints_a_law_that_fits_into_a_link(visitor):
    me = opened(visitor, has_touch=True)
    me.press("Brush")
    finger = me.page.context.new_cdp_session(me.page)

    def touch(kind, *point):
        points = [dict(zip("xy", place(me, *point)))] if point else []
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    scrolled = me.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    around = [(0.8 * math.cos(a / 20), 0.8 * math.sin(a / 20)) for a in range(126)]
    touch("touchStart", *around[0])
    for point in around[1:]:
        touch("touchMove", *point)
    touch("touchEnd")
    assert me.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == scrolled
    assert me.page.locator(".gs-draft path").count() == 1
    me.press("Apply")
    me.until(lambda: query(me).get("data") == "painted", why="for the painted law in the link")

    def stroked(shown):
        turns = {round(math.atan2(y, x) / math.pi * 4) for x, y in shown}
        return turns == set(range(-4, 5)) and all(0.5 < math.hypot(x, y) < 1.1 for x, y in shown)

    me.until(lambda: stroked(reals(me)), why="for real samples all along the stroke, and nowhere else")
    assert len(me.page.url) < 8000


def test_a_finger_drags_a_mode(visitor):
    me = opened(visitor, has_touch=True).play(20)
    me.press("Move modes")
    handle = me.page.get_by_role("button", name="Mode 1 at (1.00, 0.00)")
    finger = me.page.context.new_cdp_session(me.page)
    (x, y), (there, down) = middle(handle), place(me, 0.4, 0.4)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 11):
        point = {"x": x + step / 10 * (there - x), "y": y + step / 10 * (down - y)}
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        me.page.wait_for_timeout(40)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    me.until(lambda: near(me, 0.4, 0.4) > 20 and edits(me) == ["data", "data.modes"])


def test_one_click_on_a_thumbnail_chooses_the_data(visitor):
    me = opened(visitor)
    spiral = me.page.get_by_role("button", name="Spiral")
    spiral.focus()
    me.page.keyboard.press("Enter")
    me.until(lambda: query(me)["data"] == "spiral" and spiral.get_attribute("aria-pressed") == "true")
    me.until(lambda: max((math.hypot(x, y) for x, y in reals(me)), default=0) > 0.8 and near(me, 0.7, 0.7, 0.1) < 20)
    sizes = me.page.eval_on_selector_all(".gs-thumbs img", "all => all.map((image) => image.naturalWidth)")
    assert len(sizes) == 13 and all(sizes)
    me.play(20)
    moons = me.page.get_by_role("button", name="Two moons")
    moons.click()
    me.until(lambda: edits(me) == ["data"], why="for the change in the link")
    me.until(lambda: moons.get_attribute("aria-pressed") == "true" and spiral.get_attribute("aria-pressed") == "false")


def test_a_file_is_brought_in_and_a_malformed_one_says_where(visitor, tmp_path):
    me = opened(visitor)
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text("x,y\n1,2\n3,four\n")
    good.write_text("x,y\n" + "".join(f"{3 + math.cos(i)},{3 + math.sin(i)}\n" for i in range(10_000)))
    me.page.get_by_text("Points of your own (CSV)").click()
    me.page.locator("input[type=file]").set_input_files(bad)
    me.page.get_by_text("bad.csv, line 3, column 2: 'four' is no number").wait_for(timeout=30_000)
    assert query(me)["data"] == "ring"
    me.page.locator("input[type=file]").set_input_files(good)
    me.until(lambda: query(me)["data"] == "own-points" and query(me)["data.set"].startswith("good-"))

    def brought(shown):
        return len(shown) > 0 and all(abs(math.hypot(x - 3, y - 3) - 1) < 0.02 for x, y in shown)

    me.until(lambda: brought(reals(me)), why="for its points on the stage")
    me.play(20)
    other = tmp_path / "other.csv"
    other.write_text("x,y\n" + "".join(f"{math.cos(i) - 3},{math.sin(i) + 3}\n" for i in range(1000)))
    ring = me.page.get_by_role("button", name="Ring of 8")
    ring.click()
    me.until(lambda: ring.get_attribute("aria-pressed") == "true" and near(me, 1, 0) > 20)
    me.page.locator("input[type=file]").set_input_files(other)
    me.until(lambda: near(me, -2, 3, 0.3) > 10, why="for other points on the stage, in the middle of the run")
    assert me.state == "playing" and edits(me)[-2:] == ["data", "data.set"]
