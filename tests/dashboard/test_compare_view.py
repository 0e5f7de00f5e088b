"""Truths about the page that shows runs side by side, and about the charts they share. Real hub, real workers."""

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state
from dashboard.choosing import found
from dashboard.differences import VALUE, cell, shown
from dashboard.one_knob import alternatives, suggested
from dashboard.panels.abreast import LETTERS, alike, overlays
from dashboard.panels.density import density
from dashboard.state import hub
from dashboard.views import runs
from gancore import presets
from gancore.config import Config, find
from gancore.record.compare import CLOCKS
from gancore.record.entry import Entry

WAIT = 60
MAIN = str(Path(__file__).parents[2] / "dashboard" / "main.py")
BASE = Config.from_flat({"batch": 8, "g.width": 8, "d.width": 8})


@pytest.fixture(scope="module", autouse=True)
def workers():
    yield
    hub().close()
    hub.cache_clear()


def until(true):
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def played(config=BASE, iterations=30):
    run = hub().open(config)
    run.subscribe(lambda: None)  # somebody is there
    run.play()
    until(lambda: run.iteration >= iterations)
    run.pause()
    until(lambda: run.state == "paused")
    return run


def opened(**query):
    def script():
        from dashboard.views import compare

        compare.show()

    at = AppTest.from_function(script, default_timeout=WAIT)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def page(at):
    return " ".join(block.proto.body for block in at.get("html"))


@pytest.fixture(scope="module")
def family():
    parent = played()
    child = hub().fork(parent, 20, change="d_opt.lr=0.05")
    until(lambda: not child.loading)
    return parent, child


def test_what_differs_stands_on_top_with_who_has_which_and_who_is_whose_fork(family):
    parent, child = family
    at = opened(runs=f"{parent.id},{child.id}")
    said = page(at)
    assert not at.error and "d_opt.lr" in said and "batch" not in said
    assert "<span>0.05</span> <i>at 20</i>" in said and said.count("<th><b><u>") == 2
    assert "B is a fork of A: the same, bit for bit, in every number up to iteration 20." in said


def test_a_recording_that_is_still_written_is_the_run_that_writes_it(family):
    parent, _ = family
    assert found(parent.path.stem) is parent is found(parent.id)


def test_a_run_that_has_left_the_server_is_shown_as_it_was_recorded():
    run = played()
    hub().forget(run)
    until(lambda: found(run.id) is not None and found(run.id).iteration >= 30)
    assert found(run.id).path == run.path and not found(run.id).key


@pytest.mark.parametrize("asked", ["", "nothing", "nothing,../../etc/passwd", "<b>x</b>"])
def test_fewer_than_two_or_unknown_runs_are_told_kindly_with_a_way_to_choose(asked, family):
    at = opened(runs=asked) if asked else opened()
    assert at.multiselect and any(button.label == "Show side by side" for button in at.button)
    assert len(at.error) == bool(asked)
    if asked:
        assert all(name in at.error[0].value for name in asked.split(","))


def test_one_run_that_is_known_is_kept_while_another_is_chosen(family):
    at = opened(runs=f"{family[0].id},nothing")
    assert at.multiselect[0].value == [family[0].id]
    assert next(b for b in at.button if b.label == "Show side by side").disabled


def test_more_than_four_are_cut_and_a_clock_that_is_unknown_is_told(family):
    others = [played(BASE.with_("seed", seed), 5) for seed in range(1, 4)]
    at = opened(runs=",".join(run.id for run in (*family, *others)), clock="sundial")
    assert "first 4" in at.warning[0].value and "'sundial'" in at.error[0].value and "d_updates" in at.error[0].value
    assert page(at).count("<th><b><u>") == 4


def test_a_name_in_a_recording_is_text_and_never_markup():
    run = played(iterations=5)
    assert "&lt;b&gt;" in cell(((0, "<b>"),), ()) and "<b>" not in shown("<b>")
    assert len(shown("x" * 500)) == VALUE
    hub().forget(run)


def test_a_visitor_steers_what_this_browser_started_and_nothing_else(monkeypatch, family):
    monkeypatch.setattr(state, "owner", lambda: "me")
    monkeypatch.setattr(state.st, "session_state", {})
    mine, theirs = hub().open(BASE, owner="me"), hub().open(BASE, owner="you")
    assert state.mine(mine) and not state.mine(theirs) and not state.mine(family[0])
    monkeypatch.setattr(state, "owner", lambda: "")
    assert not state.mine(hub().open(BASE))  # nobody's is not everybody's


def test_ab_starts_two_runs_that_differ_in_the_one_knob_and_play():
    at = AppTest.from_file(MAIN, default_timeout=WAIT).run()
    at.selectbox(key="line/ab/knob").set_value("loss").run()
    at.selectbox(key="line/ab/loss").set_value("hinge").run()
    at.button(key="line/ab/go").click().run()
    assert not at.exception
    one, other = at.session_state["abreast"].values()
    assert one.config.with_("loss", "hinge") == other.config != one.config and one.config.seed == other.config.seed
    until(lambda: one.iteration > 0 and other.iteration > 0)
    assert one.asked_to_play and other.asked_to_play


def test_one_click_on_the_empty_page_shows_a_failure_beside_its_cure():
    at = AppTest.from_file(MAIN, default_timeout=WAIT)
    at.session_state["next page"] = "compare"
    at.run()
    assert {f"compare/example/{n}" for n in range(3)} <= {button.key for button in at.button}
    at.button(key="compare/example/0").click().run()
    assert not at.exception and not at.error
    sick, cured = at.session_state["abreast"].values()
    assert sick.config == presets.load("failure-cycling").config
    assert sick.config.differences(cured.config) == {"g_opt.lr": 0.0005}
    until(lambda: sick.iteration > 0 and cured.iteration > 0)
    until(lambda: "1 knob differs" in page(at.run()))  # the click's own run may end where it leads to another page


def test_a_value_that_will_not_do_is_told_with_those_that_would():
    at = AppTest.from_file(MAIN, default_timeout=WAIT).run()
    at.text_input(key="line/ab/d_opt.lr").set_value("fast").run()
    assert any('"fast"' in error.value and "number from" in error.value for error in at.error)
    assert at.button(key="line/ab/go").disabled


def test_every_number_has_another_value_suggested_that_its_knob_takes():
    for address, value in BASE.flat().items():
        knob = find(BASE, address)
        if knob is not None and knob.kind in ("int", "float"):
            assert BASE.with_(address, suggested(knob, value)) != BASE, address
    assert "hinge" in alternatives(BASE, "loss") and "non-saturating" not in alternatives(BASE, "loss")
    assert all(BASE.with_("data", name).data.page == "line" for name in alternatives(BASE, "data"))


def test_several_rows_of_the_library_lead_to_the_page(monkeypatch, family):
    for run in family:
        until(lambda run=run: run.path.exists())

    def script(paths):
        from pathlib import Path

        from dashboard.views import runs
        from gancore.record.entry import Entry

        runs._together([Entry.of(Path(path)) for path in paths])

    at = AppTest.from_function(script, args=([str(run.path) for run in family],), default_timeout=WAIT).run()
    assert at.button[0].label == "Compare these 2" and not at.button[0].disabled
    many = AppTest.from_function(script, args=([str(family[0].path)] * 5,), default_timeout=WAIT).run()
    assert many.button[0].disabled
    assert Entry.of(family[0].path).iterations and len(LETTERS) == runs.MOST


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("count", [2, 4])
def test_shared_charts_have_each_run_once_in_the_colour_of_who_speaks(count, clock):
    configs = [BASE, BASE.with_("loss", "wasserstein"), BASE.with_("seed", 3), BASE.with_("batch", 16)][:count]
    for panel in overlays(configs, clock):
        lines = [trace for trace in panel.figure.data if trace.mode == "lines"]
        assert len(lines) == 2 * count and len({(t.line.dash, t.line.color, t.yaxis) for t in lines}) == 2 * count
        assert len({trace.line.color for trace in lines}) <= 2 and len({trace.line.dash for trace in lines}) == count
        letters = [trace.text[0] for trace in panel.figure.data if trace.mode == "text"]
        assert sorted(letters) == sorted(2 * LETTERS[:count])
        assert {name.split(":")[0] for name in panel.bind.values()} == {*LETTERS[:count], "time"}


def test_panels_side_by_side_have_the_same_axes():
    narrow, wide = BASE, BASE.with_("data.std", 2.0)
    made = alike([[density(config).spec] for config in (narrow, wide)])
    ranges = [[made[at][0]["figure"]["layout"][axis]["range"] for axis in ("xaxis", "yaxis")] for at in (0, 1)]
    alone = [density(config).spec["figure"]["layout"] for config in (narrow, wide)]
    assert ranges[0] == ranges[1]
    for layout in alone:
        for axis, (low, high) in zip(("xaxis", "yaxis"), ranges[0]):
            assert low <= layout[axis]["range"][0] and layout[axis]["range"][1] <= high
    critic = alike([[density(config).spec] for config in (BASE, BASE.with_("loss", "hinge"))])
    assert [made[0]["figure"]["layout"]["yaxis2"]["range"] for made in critic] == [[0, 1], [-2, 2]]  # D(x) is not f(x)
    assert alone[0]["xaxis"]["range"] != alone[1]["xaxis"]["range"]  # what is kept for other pages is as it was
