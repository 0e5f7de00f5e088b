"""Truths about sweeps: members are ordinary runs, bands are quantiles of what was recorded, bad wishes are refused kindly."""

import numpy as np
import pytest

from gancore import presets
from gancore.catalog import BadKnob
from gancore.observe.frame import Frame
from gancore.record.entry import Entry
from gancore.record.reader import Reader
from gancore.run.sweep.bands import Thinned, band, grid, on_grid
from gancore.run.sweep.members import PROBES, Seen, Sweeping
from gancore.run.sweep.summary import reached, summary
from gancore.run.sweep.sweep import MOST, Sweep
from gancore.train.trainer import Trainer
from tests.run.tiny import TINY, until


def seen(label="seed 0", state="finished", iteration=100, final=0.05, verdict="healthy", detail=""):
    nothing = np.full(3, np.nan)
    told = ({"name": verdict, "title": {"healthy": "Healthy", "too-early": "Too early to say"}[verdict]},)
    return Seen(label, "run", state, detail, iteration, nothing[:, None], nothing, final, told, None, False)


# -- the value --------------------------------------------------------------------------------------------------


def test_seeds_follow_each_other_from_the_games_own_or_from_another():
    assert Sweep.seeds(TINY.with_("seed", 7), 3, 100).values == (7, 8, 9)
    assert Sweep.seeds(TINY, 3, 100, first="5").labels == ("seed 5", "seed 6", "seed 7")


def test_members_differ_in_the_swept_setting_alone():
    sweep = Sweep.of(TINY, "d_opt.lr", "0.001, 0.01,0.1", 100)
    assert [TINY.differences(config) for config in sweep.configs] == [
        {"d_opt.lr": value} if value != TINY.d_opt.lr else {} for value in (0.001, 0.01, 0.1)
    ]
    assert sweep.numeric and not Sweep.of(TINY, "loss", "hinge,wasserstein", 100).numeric
    assert Sweep.of(TINY, "loss", "hinge,wasserstein", 100).labels == ("hinge", "wasserstein")


@pytest.mark.parametrize(
    ("address", "values", "far", "said"),
    [
        ("d_opt.lr", "0.1,fast", 100, '"fast" cannot be used: give a number from'),
        ("d_opt.lr", "0.1", 100, f"give 2 to {MOST} different values"),
        ("d_opt.lr", "0.1,0.10", 100, "comes twice"),
        ("d_opt.speed", "1,2", 100, "has no knob"),
        ("loss", "hinge,hugs", 100, "give one of"),
        ("data", "normal,ring", 100, "belongs to the page plane: give data of line"),
        ("seed", "1,2", 0, "until = 0 cannot be used: give a whole number from 1"),
        ("seed", ",".join(map(str, range(MOST + 1))), 100, f"are {MOST + 1}: give 2 to {MOST}"),
    ],
)
def test_what_cannot_be_used_is_shown_with_what_would_do(address, values, far, said):
    with pytest.raises(BadKnob) as error:
        Sweep.of(TINY, address, values, far)
    assert said in str(error.value)


def test_games_of_two_numbers_are_refused():
    with pytest.raises(BadKnob, match="give data of one of the pages line, plane, images"):
        Sweep.seeds(presets.load("dynamics").config, 4, 100)


# -- bands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("far", [1, 7, 100, 5000, 10**6])
def test_a_grid_begins_at_one_and_ends_at_the_end(far):
    at = grid(far)
    assert at[0] == 1 and at[-1] == far and (np.diff(at) > 0).all()
    assert np.diff(at).max(initial=1) <= max(1, far / 100)


def test_thinning_does_not_depend_on_how_rows_came():
    at, rows = grid(1000), np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)
    whole, pieces = Thinned(at, 2), Thinned(at, 2)
    whole.take(1, rows)
    for first in range(1, 1001, 37):
        pieces.take(first, rows[first - 1 : first + 36])
    assert np.allclose(whole.lines(), pieces.lines(), rtol=1e-12, atol=1e-12)
    last = rows[at[-2] : at[-1]].astype(float).mean(axis=0)
    assert np.allclose(whole.lines()[-1], last)


def test_a_cell_that_is_not_whole_yet_is_not_told():
    thinned = Thinned(np.array([1, 10, 20]), 1)
    thinned.take(1, np.ones((15, 1), np.float32))
    assert np.isfinite(thinned.lines()[:, 0]).tolist() == [True, True, False]
    with pytest.raises(ValueError, match="the next one is 16"):
        thinned.take(20, np.ones((1, 1), np.float32))


def test_a_band_goes_as_far_as_the_slowest_and_does_not_wait_for_the_dead():
    lines = np.array([[1.0, 1, 1, 1], [2, 2, 2, np.nan], [3, 3, np.nan, np.nan], [9, np.nan, np.nan, np.nan]])
    made = band(lines, [False, False, False, True])
    assert made.count.tolist() == [4, 3, 0, 0]
    assert made.median[:2].tolist() == [2.5, 2.0] and np.isnan(made.median[2:]).all()
    assert made.least[0] == 1 and made.most[0] == 9 and 1 < made.low[0] < made.median[0] < made.high[0] < 9


def test_the_band_of_equal_members_is_a_line():
    made = band(np.tile(np.arange(5.0), (4, 1)), [False] * 4)
    for line in (made.median, made.low, made.high, made.least, made.most):
        assert np.allclose(line, np.arange(5.0))


def test_what_was_measured_now_and_then_is_told_between_and_never_beyond():
    told = on_grid(np.array([1, 5, 10, 20]), np.array([4.0, 6.0, 8.0, 12.0]), np.array([4.0, np.nan, 8.0, 12.0]))
    assert np.isnan(told[[0, 3]]).all() and np.allclose(told[1:3], [5, 10])


def test_the_summary_counts_and_leaves_the_diverged_out_of_the_distance():
    members = [seen(final=0.04), seen(final=0.06), seen(final=0.05, verdict="too-early")]
    members.append(
        seen(state="failed", iteration=12, final=40.0, detail="The loss of D became non-finite in iteration 13.")
    )
    assert reached(members) == 100
    said = summary(Sweep.seeds(TINY, 4, 100), members)
    assert said.startswith(
        "2 of 4 healthy, 1 of 4 diverged, 1 of 4 too early to say at iteration 100; distance median 0.05 σ ("
    )


# -- members, in a real worker ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sweeping(hub):
    made = Sweeping(hub, Sweep.seeds(TINY, 3, 150), owner="me")
    made.play()
    until(lambda: made.look() or made.state == "finished")
    until(lambda: all(m.frame and m.frame.iteration == 150 for m in made.seen()))
    yield made
    for run in made.runs:
        hub.forget(run)


def test_members_equal_single_runs_bit_for_bit(sweeping):
    for config, run in zip(sweeping.sweep.configs, sweeping.runs):
        with Reader(run.path) as reader:
            _, rows = reader.scalars()
        assert np.array_equal(
            rows.view(np.uint32), Trainer(config, engine="eager").advance(150).numpy().view(np.uint32)
        )


def test_members_stop_where_the_sweep_ends_and_their_lines_reach_it(sweeping):
    members = sweeping.seen()
    assert {member.iteration for member in members} == {150} and sweeping.progress[:2] == (450, 450)
    lines = np.stack([member.lines for member in members])
    assert np.isfinite(lines).all() and not np.allclose(lines[0], lines[1])
    assert all(np.isfinite(member.final) and np.isfinite(member.measured).any() for member in members)
    assert isinstance(members[0].frame, Frame) and {"p_g", "w1", "health"} <= members[0].frame.arrays.keys()
    assert PROBES["line"] == {"density", "quality", "health"}


def test_their_recordings_say_what_they_are_part_of(sweeping):
    entries = [Entry.of(run.path) for run in sweeping.runs]
    assert [entry.name for entry in entries] == [f"Sweep of normal, seed {seed}" for seed in range(3)]
    assert {entry.sweep for entry in entries} == {"normal, non-saturating: 3 seeds"}
    assert {entry.owner for entry in entries} == {"me"}


def test_more_members_than_places_wait_in_line_and_all_arrive(hub):
    places, hub.capacity = hub.capacity, 2
    try:
        made = Sweeping(hub, Sweep.seeds(TINY, 4, 60))
        made.play()
        assert sum(member.state == "waiting" for member in made.seen()) == 2
        assert "in line" in made.seen()[3].detail
        until(lambda: made.look() or made.state == "finished")
        assert {member.iteration for member in made.seen()} == {60}
    finally:
        hub.capacity = places
        for run in made.runs:
            hub.forget(run)


def test_pausing_all_holds_all_and_playing_goes_on(hub):
    made = Sweeping(hub, Sweep.seeds(TINY, 2, 10**6))
    made.play()
    until(lambda: all(run.iteration > 5 for run in made.runs))
    made.pause()
    until(lambda: all(run.state == "paused" for run in made.runs))
    assert made.state == "paused"
    at = [run.iteration for run in made.runs]
    made.play()
    until(lambda: all(run.iteration > old for run, old in zip(made.runs, at)))
    for run in made.runs:
        hub.forget(run)
    assert not made.here()
