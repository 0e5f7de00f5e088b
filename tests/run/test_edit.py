"""Data edited while a run is played in another process: nothing is lost, every change is known, a death changes nothing."""

import os
import signal
import time

import numpy as np

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record.recording import Reader
from gancore.train.trainer import Event, Trainer
from tests.run.tiny import TINY, until

BELLS = Config.from_flat({"data": "plane-mixture", "noise.dim": 2}, TINY)
PROBES = {"points", "reals", "bells", "sliced", "modes"}


def watch(run):
    return run.subscribe(lambda: None) is not None and run.look(run.subscribe(lambda: None), PROBES)


def moved(x):
    return f"data.modes=1:{x}:0:0.1,1:-1:0:0.1"


def playing(run, iterations=100):
    watch(run)
    run.play()
    until(lambda: run.iteration > iterations)
    return run


def recorded(run):
    run.pause()
    until(lambda: run.state == "paused")
    with Reader(run.path) as reader:
        return reader.scalars()


def bells(run):
    return Frame.decode(run.newest()[1]).arrays["bells"].tolist()


def test_every_edit_is_stamped_and_the_run_is_the_one_that_was_planned_so(start):
    run = playing(start(BELLS))
    for x in (0.5, 1.0):
        run.edit([moved(x)], passing=False)
        at = run.events[-1][0]
        until(lambda at=at: run.iteration > at + 50)
    assert [what for _, what in run.events] == [f"data.modes=1:{x}:0:0.1,1:-1:0:0.1" for x in ("0.5", "1")]
    iterations, rows = recorded(run)
    planned = tuple(Event(*event) for event in run.events)
    assert np.array_equal(iterations, np.arange(1, len(rows) + 1))
    assert np.array_equal(rows, Trainer(BELLS, planned=planned).advance(len(rows)).numpy())


def test_a_hand_that_drags_a_mode_loses_no_iteration_and_no_frame(start):
    run = playing(start(BELLS))
    seen, frames = [], run.newest()[0]
    began, before = time.monotonic(), run.iteration
    for step in range(45):  # three seconds of a hand, fifteen words each
        run.edit([moved(step / 45)], passing=True)
        time.sleep(1 / 15)
        seen.append(bells(run)[0][1])
    took, came = time.monotonic() - began, run.newest()[0] - frames
    run.edit([moved(1)], passing=False)
    assert run.iteration > before and len(run.events) == 1
    assert came >= 3 * took  # of twelve a second, on a machine that may be busy
    assert len(set(seen)) > 10 and seen == sorted(seen)
    until(lambda: bells(run)[0][1] == 1)
    iterations, rows = recorded(run)
    assert np.array_equal(iterations, np.arange(1, len(rows) + 1)) and np.isfinite(rows).all()


def test_a_ring_becomes_bells_of_ones_own_in_the_middle_of_the_run(start):
    ring = Config.from_flat({"data": "ring", "noise.dim": 2}, TINY)
    run = playing(start(ring))
    run.edit(["data=plane-mixture", moved(0.5)], passing=False)
    assert [what.split("=")[0] for _, what in run.events] == ["data", "data.modes"] and run.pending() == {}
    assert run.running() == run.wanted and run.wanted.data.modes == ((1, 0.5, 0, 0.1), (1, -1, 0, 0.1))
    until(lambda: len(bells(run)) == 2)


def test_before_the_first_iteration_an_edit_is_a_new_start_and_no_event(start):
    run = start(BELLS)
    watch(run)
    run.edit([moved(0.25)], passing=True)
    until(lambda: run.newest()[1] and bells(run)[0][1] == 0.25)
    run.edit([moved(0.5)], passing=False)
    until(lambda: not run.loading)
    assert run.events == [] and run.config.data.modes[0] == (1, 0.5, 0, 0.1)


def test_an_edit_that_cannot_be_made_is_told_and_changes_nothing(start):
    run = start(BELLS)
    for what in (["data.modes=1:0:0:0"], ["data.bogus=1"], ["data=own-points", moved(1)], ["batch=-1"]):
        try:
            run.edit(what, passing=True)
            raise AssertionError("it was taken")
        except BadKnob:
            assert run.wanted == BELLS


def test_a_run_whose_worker_died_goes_on_with_the_data_as_they_were_edited(hub, start):
    run = playing(start(BELLS))
    run.edit([moved(0.5)], passing=False)
    at = run.events[0][0]
    until(lambda: run.iteration > at + 20)
    time.sleep(1.2)  # a checkpoint of the edited run is behind us
    os.kill(hub.pool.host(run.id).process.pid, signal.SIGKILL)
    with Reader(run.path) as reader:
        kept = reader.last_checkpoint()[0]
    until(lambda: run.iteration > kept + 200 and run.state == "playing")
    iterations, rows = recorded(run)
    assert run.events == [(at, moved(0.5))] and bells(run)[0][1] == 0.5
    assert np.array_equal(iterations, np.arange(1, len(rows) + 1))
    assert np.array_equal(rows, Trainer(BELLS, planned=(Event(*run.events[0]),)).advance(len(rows)).numpy())
