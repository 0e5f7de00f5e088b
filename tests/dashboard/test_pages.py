"""Every page opens, its widgets say what the run does, and nothing bad gets past them. Real hub, real workers."""

import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import controls
from dashboard.state import hub, read_link
from dashboard.views import stage
from gancore import presets
from gancore.config import Config
from gancore.game.data import stored
from gancore.game.losses import losses

WAIT = 60
MAIN = str(Path(__file__).parents[2] / "dashboard" / "main.py")


@pytest.fixture(scope="module", autouse=True)
def workers():
    yield
    hub().close()
    hub.cache_clear()


def opened(page="line", **query):
    """The page as a visitor sees it first."""
    if page == "line":
        at = AppTest.from_file(MAIN, default_timeout=WAIT)
    else:
        at = AppTest.from_function({"images": images_page, "plane": plane_page}[page], default_timeout=WAIT)
    for name, value in query.items():
        at.query_params[name.replace("__", ".")] = value
    at.run()
    assert not at.exception
    until(lambda: not run_of(at, page).loading)
    return at


def images_page():
    from dashboard.views import images

    images.show()


def plane_page():
    from dashboard.views import plane

    plane.show()


def dynamics_page():
    from dashboard.views import dynamics

    dynamics.show()


def run_of(at, page="line"):
    return at.session_state["runs"][page]


def until(true):
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def link(at):
    return {name: value[0] if isinstance(value, list) else value for name, value in at.query_params.items()}


def trained(at, iterations=20, page="line"):
    run = run_of(at, page)
    run.look(run.subscribe(lambda: None), {"losses"})
    run.play()
    until(lambda: run.iteration >= iterations)
    return run


def button(at, label):
    return next(b for b in at.button if b.label == label)


def test_the_bench_opens_and_its_knobs_are_in_the_link():
    at = AppTest.from_function(dynamics_page, default_timeout=WAIT)
    at.query_params["methods"], at.query_params["h"], at.query_params["r1.gamma"] = "alternating,r1", "0.5", "7"
    at.run()
    assert not at.exception
    assert [error.value for error in at.error] == ['gamma = "7" cannot be used: give a number from 0 to 4']
    assert link(at)["methods"] == "alternating,r1" and link(at)["r1.gamma"] == "0.3"
    at.select_slider(key="bench/h").set_value(0.2).run()
    assert link(at)["h"] == "0.2" and "0.974679" in at.markdown[0].value  # √(1 - 0.2 · 0.3 + 0.04 / 4)
    at.slider(key="bench/r1.gamma").set_value(1.0).run()
    assert link(at)["r1.gamma"] == "1" and "0.900000" in at.markdown[0].value


def test_your_run_on_the_dynamics_page_is_the_one_of_the_line_page():
    at = AppTest.from_function(dynamics_page, default_timeout=WAIT)
    at.query_params["game"], at.query_params["d_opt.lr"] = "run", "0.01"
    at.run()
    assert not at.exception and not at.error
    assert run_of(at, "line").config.d_opt.lr == 0.01
    assert link(at)["game"] == "run" and link(at)["of"] == "line" and link(at)["d_opt.lr"] == "0.01"


@pytest.mark.parametrize("page", ["line", "plane", "images"])
def test_a_page_opens_with_its_preset_untrained_and_puts_every_knob_into_the_link(page):
    at = opened(page)
    run = run_of(at, page)
    assert (run.state, run.iteration) == ("paused", 0)
    assert not at.error
    assert run.config.to_query().items() <= link(at).items()


def test_a_link_sets_the_run_and_bad_parts_are_named_while_the_rest_is_kept():
    at = opened(d_opt__lr="0.01", bogus="1", batch="-3", data="uniform", data__low="2", data__high="4")
    config = run_of(at).config
    assert (config.d_opt.lr, config.data.low, config.data.high, config.batch) == (0.01, 2.0, 4.0, 256)
    told = [error.value for error in at.error]
    assert any('"bogus"' in sentence for sentence in told)
    assert any('batch = "-3"' in sentence and "from 1 to 4096" in sentence for sentence in told)


@pytest.mark.parametrize(
    "changes", ["500:data.left=3", "500:bogus=1", "x:d_opt.lr=1", "5:d_opt.lr=99", "5:step=q", "5"]
)
def test_a_change_that_cannot_happen_is_named_and_never_reaches_the_worker(changes):
    at = opened(changes=changes)
    assert len(at.error) == 1 and "cannot" in at.error[0].value + "cannot" * ("unknown" in at.error[0].value)
    assert run_of(at).changes == []


def test_choices_that_only_go_together_come_through_a_link():
    settings = {
        "data": "mnist",
        "g": "dcgan",
        "d": "dcgan",
        "d.channels": 40,
        "penalty": "none",
    }  # the page's own is R1
    config = Config.from_flat(settings)
    read, _, _, problems = read_link("images", config.to_query())
    assert read == config and not problems


def test_a_live_knob_acts_while_it_trains_and_is_stamped_into_the_link():
    at = opened()
    run = trained(at)
    at.select_slider(key="line/d_opt.lr").set_value(0.01).run()
    [(iteration, what)] = run.events
    assert what == "d_opt.lr=0.01" and iteration >= 20
    assert link(at)["changes"] == f"{iteration}:d_opt.lr=0.01"


def test_a_restart_knob_waits_for_the_button_and_restart_keeps_the_settings():
    at = opened()
    run = trained(at)
    at.select_slider(key="line/g.width").set_value(64)
    at.select_slider(key="line/g_opt.lr").set_value(0.01).run()
    assert run.pending() == {"g.width": 64} and run.config.g.width == 32
    button(at, "Restart now").click().run()
    assert run.pending() == {} and (run.config.g.width, run.config.g_opt.lr) == (64, 0.01)
    assert run.events == []


def test_before_the_first_iteration_every_knob_acts_at_once():
    at = opened()
    at.selectbox(key="line/data").set_value("exponential").run()
    assert run_of(at).config.data.name == "exponential" and run_of(at).pending() == {}


def windows_drawn(monkeypatch):
    """What the density chart's axis spans, each time that the page is drawn from now on."""
    drawn, mount = [], stage.mount

    def seen(panels, *args, **more):
        drawn.append(next(tuple(p.spec["figure"]["layout"]["xaxis"]["range"]) for p in panels if p.name == "density"))
        return mount(panels, *args, **more)

    monkeypatch.setattr(stage, "mount", seen)
    return drawn


def test_the_stage_shows_what_was_chosen_the_first_time_that_it_is_drawn(monkeypatch):
    at = opened()
    drawn = windows_drawn(monkeypatch)
    at.selectbox(key="line/data").set_value("normal").run()
    at.number_input(key="line/data.mean").set_value(-9.0).run()
    at.selectbox(key="line/preset").set_value("jang-2016").run()
    assert drawn == [(1.5, 6.5), (-11.5, -6.5), presets.load("jang-2016").config.data.window]


def test_a_browser_that_has_not_heard_yet_does_not_turn_back_what_the_page_set():
    at = opened()
    at.selectbox(key="line/preset").set_value("wgan-gp")
    told = at._tree.get_widget_states()
    at.run()
    chosen = presets.load("wgan-gp").config
    assert run_of(at).wanted == chosen
    at._run(told)  # once more what it told then: all other widgets as they stood before
    assert not at.exception and run_of(at).wanted == chosen


@pytest.mark.parametrize(
    "way, said, then",
    [
        ("thumbnails", "spiral", {"data": "spiral"}),
        ("upload", "mine", {"data": "own-points", "data.set": "mine"}),
    ],
)
def test_a_choice_that_another_one_cuts_short_is_kept_beside_it(way, said, then, monkeypatch):
    def clicked(page, *shown):  # in place of what only a browser has
        st.button("Choose", on_click=shown[-1], args=(said,))

    monkeypatch.setattr(controls, way, clicked)
    at = opened("plane")
    with monkeypatch.context() as patch:
        patch.setattr(controls, "_pace", lambda *_: st.stop())  # as Streamlit does where another click comes
        at.selectbox(key="plane/preset").set_value("failure-cycling").run()
    button(at, "Choose").click().run()
    first = presets.load("failure-cycling").config
    assert not at.exception and run_of(at, "plane").wanted == Config.from_flat(then, first)


def test_a_range_that_makes_no_sense_is_explained_and_does_not_reach_the_run():
    at = opened(data="uniform")
    at.number_input(key="line/data.low").set_value(5.0).run()
    assert "give a low below the high" in at.error[0].value
    assert run_of(at).wanted.data.low == -1.0
    at.number_input(key="line/data.high").set_value(7.0).run()
    assert not at.error and run_of(at).wanted.data.high == 7.0


def test_a_set_of_pictures_that_is_not_here_is_told_with_what_to_do():
    at = opened("images", data="own-pictures", data__set="holidays").run()
    assert not at.exception
    assert '"holidays" is not here' in at.error[0].value and "import PATH --name holidays" in at.error[0].value


def test_points_that_are_not_here_are_told_with_what_to_do():
    at = opened("plane", data="own-points", data__set="mine").run()
    assert not at.exception
    assert '"mine" is not here' in at.error[0].value and "import PATH --name mine" in at.error[0].value


def test_own_points_of_which_there_are_none_open_the_place_to_drop_them_and_the_run_stays(monkeypatch):
    monkeypatch.setattr(stored, "names", lambda kind: [])
    at = opened("plane")
    at.selectbox(key="plane/data").set_value("own-points").run()
    assert not at.error and run_of(at, "plane").wanted.data.name == "ring"
    assert at.session_state["plane/upload/open"] and "drop a CSV file" in at.toast[0].value
    assert next(box for box in at.selectbox if box.label == "data").value == "ring"


def test_the_wasserstein_loss_brings_its_clipping_along():
    at = opened()
    at.selectbox(key="line/loss").set_value("wasserstein").run()
    assert run_of(at).wanted.constraint.name == "clip"
    at.run()
    assert run_of(at).wanted.constraint.name == "clip"


def test_every_loss_can_be_chosen_while_it_plays():
    at = opened()
    run = trained(at)
    for name in losses:
        at.selectbox(key="line/loss").set_value(name).run()
        assert not at.exception and not at.error and run.wanted.loss.name == name


def test_all_knobs_are_all_there_are():
    at = opened()
    at.toggle(key="advanced").set_value(True).run()
    assert not at.exception and not at.error
    assert {f"line/{address}" for address in run_of(at).config.flat()} <= {widget.key for widget in widgets(at)}


def widgets(at):
    return [*at.selectbox, *at.select_slider, *at.slider, *at.number_input, *at.toggle]


def test_a_browser_that_misses_what_was_set_begins_every_widget_with_it():
    """Else it begins with the least there is, and tells that as if somebody had turned the knob."""
    at = opened(penalty="r1", penalty__gamma="7", data="uniform", batch="512", seed="5")
    at.toggle(key="advanced").set_value(True).run()
    at.number_input(key="line/penalty.gamma").set_value(9.0).run()
    began = {widget.key: widget.proto.default for widget in [*at.number_input, *at.toggle]}
    began |= {widget.key: widget.proto.default[0] for widget in at.slider}
    began |= {widget.key: widget.proto.options[int(widget.proto.default[0])] for widget in at.select_slider}
    began |= {widget.key: widget.proto.options[widget.proto.default] for widget in at.selectbox}
    held = {widget.key: widget.value for widget in widgets(at)}
    held |= {widget.key: widget.format_func(widget.value) for widget in [*at.select_slider, *at.selectbox]}
    assert began["line/penalty.gamma"] == 9.0 and began["line/data"] == "Uniform"
    assert {key: value for key, value in began.items() if key.startswith("line/") and value != held[key]} == {}


def test_restore_defaults_brings_back_the_preset():
    at = opened()
    preset = run_of(at).config
    at.select_slider(key="line/batch").set_value(512).run()
    assert run_of(at).wanted != preset
    button(at, "Restore defaults").click().run()
    assert run_of(at).wanted == preset


def test_a_page_does_not_claim_to_be_the_preset_whose_data_were_changed():
    at = opened("plane")
    story = presets.load("plane").story
    assert story in captions(at)
    at.select_slider(key="plane/g_opt.lr").set_value(0.01).run()
    assert f"{story}  \nChanged: **g_opt.lr = 0.01**" in captions(at)
    at.session_state["runs"]["plane"].edit(["data=spiral"], passing=False)
    at.run()
    assert "Changed: **data = spiral**, **g_opt.lr = 0.01**" in captions(at) and story not in " ".join(captions(at))
    button(at, "Restore defaults").click().run()
    assert story in captions(at)


def test_a_link_stands_under_the_preset_that_it_is_nearest_to():
    at = opened(**{"loss": "wasserstein", "penalty": "wgan-gp", "preset": "wgan-gp", "seed": "5"})
    assert at.selectbox(key="line/preset").value == "wgan-gp"
    assert any("Changed: **seed = 5**" in said for said in captions(at))


def captions(at):
    return [caption.value for caption in at.caption]


def test_the_same_link_gives_the_same_run():
    first = opened(seed="7", d__activation="tanh")
    again = opened(**{name.replace(".", "__"): value for name, value in link(first).items()})
    assert run_of(first).config == run_of(again).config
    assert run_of(first).id != run_of(again).id


def test_a_watch_link_shows_the_run_without_knobs_and_an_old_one_says_so():
    run = run_of(opened())
    at = AppTest.from_file(MAIN, default_timeout=WAIT)
    at.query_params["watch"] = run.id
    at.run()
    assert not at.exception and not at.error and not at.select_slider
    at = AppTest.from_file(MAIN, default_timeout=WAIT)
    at.query_params["watch"] = "guessed"
    at.run()
    assert "no run with this watch link" in at.error[0].value
