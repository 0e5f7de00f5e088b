"""Truths about the page that plays one game many times: what a link says is what is played, and what came out is told."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import sweeps
from dashboard.panels import seeds, small
from dashboard.state import hub
from dashboard.views import runs
from dashboard.views.sweep import games, spread
from gancore import presets
from gancore.catalog import BadKnob
from gancore.config import Config, find
from gancore.record.entry import Entry
from gancore.run.sweep.members import Seen
from gancore.run.sweep.sweep import Sweep

WAIT = 90
TINY = {"preset": "line", "batch": "8", "g.width": "8", "d.width": "8", "penalty": "none"}
LINK = {**TINY, "vary": "seed", "values": "3,4", "until": "40"}


@pytest.fixture(scope="module", autouse=True)
def workers():
    yield
    hub().close()
    hub.cache_clear()


def opened(**query):
    def script():
        from dashboard.views import sweep

        sweep.show()

    at = AppTest.from_function(script, default_timeout=WAIT)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def page(at):
    return " ".join(block.proto.body for block in at.get("html"))


def settled(at):
    end = time.monotonic() + WAIT
    while "data-state='finished' data-iteration='80'" not in page(at):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.3)
        at.run()
        assert not at.exception
    return at


def test_a_link_says_a_sweep_and_a_sweep_its_link():
    base = Config.from_flat({"data": "normal", "batch": 16, "seed": 5})
    for sweep in (
        Sweep.seeds(base, 4, 300),
        Sweep.of(base, "d_opt.lr", "0.001,0.25", 20),
        Sweep.of(base, "loss", "hinge,wasserstein", 9),
    ):
        assert sweeps.from_query(sweeps.to_query(sweep)) == (sweep, [])


def test_a_link_that_is_played_shows_every_member_and_all_in_a_sentence():
    at = settled(opened(**LINK, play="1"))
    said = page(at)
    assert "data-member='seed 3' data-state='finished' data-iteration='40'" in said and "data-member='seed 4'" in said
    assert "at iteration 40; distance median" in said and "80 of 80 iterations" in said
    assert len(at.get("plotly_chart")) == 3 and said.count("data:image/svg+xml,") == 2
    assert {button.label for button in at.button} == {"Start 8 runs", "Best beside worst"}


def test_another_tab_without_a_cookie_has_sweeps_of_its_own():
    link = LINK | {"values": "7,8"}
    mine, theirs = (opened(**link, play="1") for _ in range(2))
    runs = [set(re.findall(r"watch=([\w-]+)", page(at))) for at in (mine, theirs)]
    assert len(runs[0] | runs[1]) == 4
    mine.run()
    assert set(re.findall(r"watch=([\w-]+)", page(mine))) == runs[0]


def test_one_knob_is_chosen_with_values_around_the_one_that_is_set():
    at = opened()
    at.button_group(key="sweep/begin/kind").set_value("One knob").run()
    assert not at.exception and at.text_input[0].value == "0.0002,0.0006,0.002,0.006,0.02"
    assert at.button(key="sweep/begin/go").label == "Start 5 runs"
    at.text_input[0].set_value("0.1,quick").run()
    assert (
        '"quick" cannot be used: give a number from' in at.error[0].value and at.button(key="sweep/begin/go").disabled
    )


def test_one_click_on_the_empty_page_starts_a_sweep():
    at = opened()
    at.button(key="sweep/example/1").click().run()
    assert not at.exception and not at.error
    assert page(at).count("data-member='") == 5
    link = {name: value[0] if isinstance(value, list) else value for name, value in at.query_params.items()}
    sweep, problems = sweeps.from_query(link)
    assert sweep.base == presets.load("line").config and not problems


def test_without_play_a_link_waits_for_a_word():
    at = opened(**LINK | {"values": "5,6"})
    assert "data-sweep" not in page(at)
    assert [button.label for button in at.button] == ["Start these 2 runs", "Start 8 runs"]
    at.button[0].click().run()
    assert not at.exception and "data-member='seed 5'" in page(at)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"values": "1"}, "give 2 to 64 different values of seed"),
        ({"vary": "d_opt.lr", "values": "1,much"}, '"much" cannot be used: give a number from'),
        ({"until": "0"}, 'until = "0" cannot be used'),
        ({"preset": "lines"}, 'preset = "lines" is unknown: give one of'),
    ],
)
def test_a_bad_link_says_what_would_do_and_the_page_stands(wrong, said):
    at = opened(**LINK | wrong)
    assert said in at.error[0].value and at.button(key="sweep/begin/go").label == "Start 8 runs"


def test_a_knob_brings_a_chart_of_where_each_value_led():
    at = settled(opened(**LINK | {"vary": "d_opt.lr", "values": "0.001,0.01"}, play="1"))
    assert len(at.get("plotly_chart")) == 4 and "d_opt.lr 0.01" in page(at)


def test_values_are_offered_for_every_knob_that_they_can_be_offered_for():
    config = games()["Two bells"]
    flat = config.flat()
    for address in (a for a in flat if a not in ("seed",)):
        knob = find(config, address)
        if knob is not None and knob.kind in ("modes", "name"):
            continue
        offered = spread(config, address)
        try:
            Sweep.of(config, address, offered, 10)
        except BadKnob as error:
            assert offered.count(",") == 0 or "cannot be combined" in str(error), (address, offered)


def member(label, final, state="finished", n=5):
    return Seen(label, "run", state, "", 10, np.ones((n, 6)), np.linspace(1, final, n), final, (), None, False)


def test_thick_is_the_median_and_each_thin_line_names_its_seed():
    sweep = Sweep.seeds(Config.from_flat({"data": "normal"}), 3, 10)
    members = [member(label, final) for label, final in zip(sweep.labels, (0.1, 0.2, 0.9))]
    chart = seeds.distance(sweep, np.arange(1, 6), members)
    thick = [trace for trace in chart.data if trace.name == "median"]
    assert thick[0].y[-1] == pytest.approx(0.2) and len(chart.layout.shapes) == 1
    thin = next(trace for trace in chart.data if trace.name == "each seed")
    assert thin.customdata[np.isclose(thin.y, 0.9)].tolist() == [2] and "seed %{customdata}" in thin.hovertemplate
    assert np.isnan(thin.y[[5, 11, 17]]).all(), "no line leads from one seed to the next"


def test_values_of_a_knob_are_no_sample_and_have_no_band():
    sweep = Sweep.of(Config.from_flat({"data": "normal"}), "d_opt.lr", "0.001,0.01", 10)
    members = [member(label, final) for label, final in zip(sweep.labels, (0.1, 0.2))]
    chart = seeds.losses(sweep, np.arange(1, 6), members)
    assert [trace.name for trace in chart.data] == [*sweep.labels] * 2
    led = seeds.finals(sweep, members)
    assert list(led.data[0].x) == [0.001, 0.01] and list(led.data[0].y) == [0.1, 0.2] and led.layout.xaxis.type == "log"


def test_pictures_of_members_without_a_frame_show_the_data_alone():
    for data in ("normal", "ring"):
        drawn = small.picture(Config.from_flat({"data": data, "noise.dim": 2}), None)
        assert (
            drawn.startswith("data:image/svg+xml,")
            and '"' not in drawn
            and "%23D55E00" not in drawn
            and "%230072B2" in drawn
        )


def test_runs_of_a_sweep_do_not_bury_single_ones(monkeypatch):
    entries = [Entry(Path("a"), 1), *(Entry(Path(f"s{at}"), 1, sweep="ring: 2 seeds") for at in range(2))]
    monkeypatch.setattr(runs.st, "selectbox", lambda label, options, **_: options[0])
    assert [e.path.name for e in entries if e.sweep in runs._swept(entries)] == ["a"]
    monkeypatch.setattr(runs.st, "selectbox", lambda label, options, **_: options[1])
    assert [e.path.name for e in entries if e.sweep in runs._swept(entries)] == ["s0", "s1"]
