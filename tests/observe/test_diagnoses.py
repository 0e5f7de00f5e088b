"""Verdicts on states set by hand: each failure is told by its own name, and nothing flickers."""

import inspect
import math

import numpy as np
import pytest

from gancore.config import Config, live
from gancore.observe.diagnoses import diagnoses
from gancore.observe.diagnoses.doctor import ROW, Doctor, Standing, after
from gancore.observe.diagnoses.evidence import FACTS, SOUND, Evidence
from gancore.observe.observer import Observer

CONFIG = Config()
BANDS = {"distance": (0.02, 0.04), "effective": (7.93, 7.99)}
WELL = {
    "distance": 0.05, "spread": 1.0, "effective": 7.9, "least": 0.85, "near": 0.9, "moved": 0.03, "separation": 0.55,
    "won": 0.02, "faded": 0.8, "size": 1.0, "recognised": 0.51, "mistaken": 0.3, "copied": 1.3,
    "closer": 0.0, "checker": 1.1, "peak": 1.0, "different": 0.05,
}  # fmt: skip
STATES = {
    "collapse": {"spread": 0.07, "distance": 1.0, "least": 0.0, "effective": 1.0, "won": 0.3, "separation": 0.8},
    "dropped-modes": {"least": 0.0, "effective": 5.0, "different": 0.6, "distance": 0.4, "won": 0.2, "separation": 0.7},
    "cycling": {"moved": 0.8, "distance": 1.0, "least": 0.0, "effective": 1.1},
    "vanishing-gradient": {"separation": 1.0, "won": 1.0, "faded": 1e-4, "distance": 2.0, "near": 0.0, "least": 0.0},
    "d-overpowers": {"separation": 0.999, "won": 0.97, "distance": 2.0, "near": 0.0, "least": 0.0},
    "d-blind": {"separation": 0.3, "won": -0.2, "distance": 2.0, "near": 0.0},
    "divergence": {"distance": 300.0, "near": 0.0, "spread": 40.0, "separation": 0.9, "won": 0.4},
    "d-overfits": {"recognised": 0.95, "mistaken": 0.9},
    "g-memorises": {"copied": 0.4, "closer": 0.9},
    "checkerboard": {"checker": 6.0, "peak": 3.0},
}


def evidence(looks, bands=BANDS, every=100):
    """Evidence of looks every so many iterations, the first an untrained G far away: a list of facts that differ from `WELL`."""
    rows = [WELL | {"distance": 3.0}, *(WELL | row for row in looks)]
    facts = {name: np.array([row.get(name, math.nan) for row in rows]) for name in FACTS}
    return Evidence(np.arange(len(rows)) * float(every), facts, bands)


def told(looks, every=100):
    """What the doctor says after each look, as names."""
    doctor = Doctor()
    return [{v.name for v in doctor.see(evidence(looks[: i + 1], every=every), CONFIG)} for i in range(len(looks))]


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_stays_is_told_by_its_name_alone(name):
    said = told([STATES[name]] * 40)
    assert said[0] == {"too-early"} and said[-1] == {name}


def test_a_g_whose_own_output_is_saturated_has_collapsed_and_is_not_let_down_by_d():
    deaf = {"spread": 0.0, "faded": 0.0, "separation": 1.0, "won": 1.0, "distance": 1.4, "least": 0.0, "effective": 1.0}
    assert told([deaf] * 40)[-1] == {"collapse", "d-overpowers"}
    barely = deaf | {"faded": 1e-6}  # as narrow, but D's slope is what is missing
    assert told([barely] * 40)[-1] == {"vanishing-gradient"}


def test_a_good_run_is_healthy_and_never_anything_worse():
    said = told([{}] * 60)
    assert said[-1] == {"healthy"} and {name for names in said for name in names} == {"too-early", "healthy"}


def test_far_but_coming_nearer_is_too_early_to_say():
    ways = [{"distance": 3.0 * 0.93**i, "separation": 0.999, "won": 0.97, "near": 0.0, "least": 0.0} for i in range(30)]
    assert {name for names in told(ways) for name in names} == {"too-early"}


@pytest.mark.parametrize("name", STATES)
def test_one_bad_look_is_no_failure_and_one_good_look_is_no_cure(name):
    noisy = [{}] * 30 + [STATES[name]] + [{}] * 10
    assert {n for names in told(noisy) for n in names} <= {"too-early", "healthy"}
    back = told([STATES[name]] * 40 + [{}] + [STATES[name]] * 10)
    assert all(name in names for names in back[-11:])


@pytest.mark.parametrize("name", STATES)
def test_a_cured_run_is_told_healthy_again(name):
    assert told([STATES[name]] * 30 + [{}] * 60)[-1] == {"healthy"}


def test_a_strength_that_trembles_around_its_limit_changes_the_standing_once():
    random, standing, changes = np.random.default_rng(0), Standing(), 0
    for i in range(500):
        now = after(standing, 1 + random.uniform(-0.15, 0.15), i)
        changes += now.told != standing.told
        standing = now
    assert changes == 1 and standing.told


def test_since_is_the_first_look_of_the_row_that_made_it_told():
    standing = Standing()
    for iteration, strength in zip(range(100, 900, 100), [0.5, 2, 0.5, 2, 2, 2, 2, 2]):
        standing = after(standing, strength, iteration)
    assert standing.told and standing.since == 400
    for _ in range(ROW - 1):
        standing = after(standing, 0.1, 1000)
    assert standing.told and not after(standing, 0.1, 1000).told
    assert ROW > 1


def test_what_is_not_known_changes_nothing():
    assert after(Standing(True, 2, 5), math.nan, 9) == Standing(True, 2, 5)
    unknown = [{name: math.nan for name in FACTS}] * 30
    assert told(unknown)[-1] == {"too-early"}


def test_a_number_that_is_none_is_told_at_once():
    seen = evidence([{}] * 3)
    broken = Evidence(seen.iterations, seen.facts, BANDS, (250, "weights G.0.weight"))
    (verdict,) = Doctor().see(broken, CONFIG)
    assert verdict.name == "divergence" and "weights G.0.weight" in verdict.says and verdict.sick


@pytest.mark.parametrize("name", diagnoses)
def test_every_diagnosis_shows_two_facts_a_chart_and_a_change_that_a_fork_takes(name):
    found = diagnoses.make(name)
    assert len(found.shows) == 2 and set(found.shows) <= FACTS.keys() and found.says.endswith(".")
    assert set(found.yields_to) <= set(diagnoses)
    assert inspect.getdoc(type(found)).splitlines()[0].endswith(".")
    for config in (
        CONFIG,
        Config.from_flat({"penalty": "r1", "loss": "minimax", "g_opt": "sgd", "g_opt.lr": 0.5}),
        Config.from_flat({"data": "digits", "g": "dcgan"}),
        Config.from_flat({"data": "digits", "input": "augment"}),
    ):
        cure = found.cure(config)
        address, _, value = cure.change.partition("=")
        assert config.with_(address, value) != config and cure.within > 0 and cure.expect
        assert live(config, address) or cure.restart


def test_noise_is_no_checkerboard_and_blur_no_copy():
    assert told([{"checker": 6.0, "peak": 1.0}] * 40)[-1] == {"healthy"}
    assert told([{"copied": 0.5, "closer": 0.0}] * 40)[-1] == {"healthy"}


def test_a_set_without_held_out_pictures_is_judged_by_what_is_known():
    unknown = {name: math.nan for name in ("recognised", "mistaken", "copied", "closer")}
    assert told([unknown] * 40)[-1] == {"healthy"}


@pytest.mark.parametrize("page", ["line", "plane"])
def test_every_number_that_is_shown_there_has_a_band_beside_it(page):
    config = Config.from_flat({"data": {"line": "two-normals", "plane": "ring"}[page], "noise.dim": 2})
    known = Observer.prepare(config, config.data.open()).vitals.bands.keys() | SOUND
    for name in diagnoses:
        found = diagnoses.make(name)
        assert page not in found.proof or set(found.shows) <= known, name


def test_who_runs_ahead_of_d_is_slowed_down_and_a_d_that_hardly_learns_is_sped_up():
    cure = diagnoses.make("cycling").cure
    ahead = Config.from_flat({"g_opt.lr": 0.01, "d_opt.lr": 0.001})
    assert cure(ahead).change == "g_opt.lr=0.0005"
    assert cure(ahead.with_("d_opt.lr", 1e-5)).change == "d_opt.lr=0.002"
    assert cure(ahead.with_("g_opt.lr", 1e-3)).change == "penalty=r1"
    unlike = Config.from_flat({"g_opt": "sgd", "g_opt.lr": 0.05, "d_opt.lr": 0.001})
    assert cure(unlike).change == "penalty=r1"


def test_noise_bridges_a_gap_only_where_d_is_shown_noise_narrower_than_that():
    cure = diagnoses.make("dropped-modes").cure
    gap = Config.from_flat({"data": "two-normals", "data.left": -6.0, "data.right": 6.0, "input": "instance-noise"})
    assert cure(gap).change == "input.sigma=3.9"
    assert cure(gap.with_("input.sigma", 3.9)).change == "penalty=r1" == cure(gap.with_("input", "none")).change


@pytest.mark.parametrize("name", diagnoses)
def test_no_change_leaves_the_range_of_its_knob(name):
    for rate in (1e-6, 10.0):
        game = {} if "line" in diagnoses.make(name).proof else {"data": "digits"}
        config = Config.from_flat(game | {"g_opt.lr": rate, "d_opt.lr": rate, "penalty": "r1"})
        address, _, value = diagnoses.make(name).cure(config).change.partition("=")
        config.with_(address, value)
