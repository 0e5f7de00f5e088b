"""Truths about runs beside each other: the knobs that differ and no others, clocks that agree, and since when they part."""

import numpy as np
import pytest

from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record.compare import CHUNK, clock_table, differing, same_until
from gancore.record.reader import Reader
from gancore.record.recording import Recording
from gancore.train.trainer import SCALARS

BASE = Config()


def found(*runs):
    return {one.address: one.pasts for one in differing([run if isinstance(run, tuple) else (run, []) for run in runs])}


def test_alike_runs_differ_in_nothing_also_when_the_same_was_changed_at_the_same_time():
    turned = [(500, "d_opt.lr=0.01"), (700, "loss=hinge"), (800, "step=d")]
    assert found(BASE, BASE) == {} == found((BASE, turned), (BASE, turned))


def test_one_knob_different_is_told_with_who_has_which():
    rate = BASE.d_opt.lr
    assert found(BASE, BASE.with_("d_opt.lr", 0.01)) == {"d_opt.lr": (((0, rate),), ((0, 0.01),))}


def test_what_was_changed_on_the_way_stands_with_its_iteration():
    rate = BASE.d_opt.lr
    said = found((BASE, []), (BASE, [(500, "d_opt.lr=0.01"), (900, "d_opt.lr=0.02"), (900, "d_opt.lr=0.03")]))
    assert said == {"d_opt.lr": (((0, rate),), ((0, rate), (500, 0.01), (900, 0.03)))}
    assert found((BASE, [(5, "batch=64")]), (BASE, [(6, "batch=64")])).keys() == {"batch"}


def test_updates_by_hand_differ_too_and_notes_of_other_programs_do_not():
    assert found((BASE, [(3, "step=d")]), (BASE, [(9, "note=hello")])) == {"step": (((3, "d"),), ())}


def test_knobs_that_only_some_have_are_told_where_they_are_not_as_they_come():
    with_r1 = BASE.with_("penalty", "r1")
    assert found(BASE, with_r1).keys() == {"penalty"}
    gamma = with_r1.penalty.gamma
    assert found(BASE, with_r1.with_("penalty.gamma", 2 * gamma))["penalty.gamma"] == ((), ((0, 2 * gamma),))
    assert "penalty.gamma" in found(BASE, with_r1, with_r1.with_("penalty.gamma", 2 * gamma))
    # a live change of the choice brings the knobs along from there on
    said = found(BASE, (BASE, [(50, "penalty=r1"), (60, "penalty.gamma=3")]))
    assert said["penalty"][1] == ((0, "none"), (50, "r1")) and (60, 3.0) in said["penalty.gamma"][1]


def recorded(path, rows, frames=(), events=()):
    recording = Recording.create(path, BASE.flat(), SCALARS)
    recording.scalars(1, rows)
    for at, what in events:
        recording.event(at, what)
    for at, d_updates, elapsed in frames:
        recording.frame(at, Frame(at, {"x": np.zeros(500)}, {"d_updates": d_updates, "elapsed": elapsed}).encode())
    recording.close()
    return Reader(path)


def test_clocks_are_read_from_the_frames_and_exact_where_k_changed(tmp_path):
    steps = [*range(0, 1001), *range(1001, 3001, 7)]
    frames = [(n, n if n <= 1000 else 1000 + 5 * (n - 1000), n / 100) for n in steps]
    with recorded(tmp_path / "a.sqlite", np.zeros((3000, 6), np.float32), frames, [(1000, "dynamics.k=5")]) as reader:
        table = clock_table(reader)
    assert len(table) < 120 and table[0].tolist() == [0, 0, 0] and table[-1].tolist() == list(frames[-1])
    for at, d_updates, seconds in frames[:: len(frames) // 50]:
        assert np.interp(d_updates, table[:, 1], table[:, 0]) == pytest.approx(at, abs=1e-6)
        assert np.interp(seconds, table[:, 2], table[:, 0]) == pytest.approx(at, abs=1e-6)


def test_a_clock_never_goes_back_and_a_run_without_frames_stands_at_its_start(tmp_path):
    rows = np.zeros((9, 6), np.float32)
    with recorded(tmp_path / "a.sqlite", rows, [(3, 3, 5.0), (6, 6, 0.5)]) as reader:  # as forks were once recorded
        assert (np.diff(clock_table(reader), axis=0) >= 0).all()
    with recorded(tmp_path / "b.sqlite", rows) as reader:
        assert clock_table(reader).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("n", [1, 50, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_runs_part_where_the_first_bit_differs(tmp_path, n):
    rows = np.random.default_rng(0).normal(size=(n + 40, 6)).astype(np.float32)
    rows[n // 2] = np.nan  # which is the same as itself here
    other = rows.copy()
    other[n, 3] = np.nextafter(other[n, 3], np.float32(9))
    with recorded(tmp_path / "a.sqlite", rows) as a, recorded(tmp_path / "b.sqlite", other) as b:
        assert same_until(a, b) == n and same_until(a, a) == n + 40
    with recorded(tmp_path / "c.sqlite", rows[:n]) as a, Reader(tmp_path / "a.sqlite") as b:
        assert same_until(a, b) == n
