"""Truths about a run as its page knows it: exact, whole, quick to answer, and not lost with its worker."""

import os
import signal
import time

import numpy as np
import pytest

from gancore.observe.frame import Frame
from gancore.record.recording import Reader
from gancore.run import messages
from gancore.run.pace import Pace
from gancore.train.trainer import Event, Trainer
from tests.run.tiny import TINY, until

LINES = {"losses", "value", "scores", "gradients", "density", "mapping", "quality"}


def paused(run):
    """Pauses and gives everything that was recorded."""
    run.pause()
    until(lambda: run.state != "playing")
    with Reader(run.path) as reader:
        return reader.scalars()


def watch(run, probes=LINES):
    token = run.subscribe(lambda: None)
    run.look(token, probes)
    return token


def test_two_runs_of_one_config_and_plan_are_the_same_run(start):
    plan = [(100, "d_opt.lr=0.02"), (200, "step=d"), (200, "step=g"), (350, "loss=least-squares"), (500, "batch=16")]
    runs = [start(TINY, Pace(until=1000), plan) for _ in range(2)]
    watch(runs[0])
    for run in runs:
        run.play()
    until(lambda: all(run.state == "finished" for run in runs))
    (at, rows), (_, others) = (paused(run) for run in runs)
    assert np.array_equal(at, np.arange(1, 1001)) and np.array_equal(rows, others)
    assert runs[0].events == runs[1].events == plan
    alone = Trainer(TINY, planned=tuple(Event(*change) for change in plan)).advance(1000).numpy()
    assert np.array_equal(rows, alone)


def test_what_a_person_did_live_can_be_planned_and_gives_the_same_run(start):
    run = start()
    watch(run)
    config = TINY
    for address, value in (
        ("d_opt.lr", "0.02"),
        ("g_opt", "sgd"),
        ("g_opt.lr", "0.01"),
        ("penalty", "r1"),
        ("batch", "12"),
    ):
        run.play()
        before = run.iteration
        until(lambda before=before: run.iteration > before + 30)
        config = config.with_(address, value)
        run.want(config)
        if address == "penalty":
            for which in "dgd":
                run.step(which)
    run.play()
    until(lambda: len(run.events) == 8)
    last = run.events[-1][0]
    until(lambda: run.iteration > last + 100)
    _, rows = paused(run)
    assert [what for _, what in run.events if "step" in what] == ["step=d", "step=g", "step=d"]
    again = start(TINY, Pace(until=len(rows)), run.events)
    again.play()
    until(lambda: again.state == "finished")
    assert again.events == run.events and again.wanted == run.wanted
    assert np.array_equal(paused(again)[1], rows)


def test_every_loss_arrives_though_the_reader_is_slow_and_it_finds_the_newest_frame(start):
    run = start(TINY, Pace(fps=10))
    watch(run)
    until(lambda: run.newest()[1])
    run.play()
    seen, version = [], 0
    while len(seen) < 5:  # however fast the machine plays: five looks of a slow reader, who misses two of three
        until(lambda version=version: run.newest()[0] >= version + 3)
        known = run.iteration
        version, data = run.newest()
        seen.append((Frame.decode(data).iteration, known))
    at, rows = paused(run)
    until(lambda: Frame.decode(run.newest()[1]).iteration == len(at))
    assert np.array_equal(at, np.arange(1, len(at) + 1)) and np.isfinite(rows).all()
    assert all(shown >= known for shown, known in seen)


def test_a_run_survives_its_worker_bit_for_bit(hub, start):
    run = start(TINY.with_("seed", 7))
    watch(run)
    run.play()
    until(lambda: run.iteration > 200)
    time.sleep(1.1)  # a checkpoint is behind us, and what comes now is after it
    run.want(run.wanted.with_("d_opt.lr", "0.004"))
    changed = run.events
    before = run.newest()[0]
    killed = time.monotonic()
    os.kill(hub.pool.host(run.id).process.pid, signal.SIGKILL)
    with Reader(run.path) as reader:
        kept = reader.last_checkpoint()[0]
    until(lambda: run.newest()[0] > before and Frame.decode(run.newest()[1]).iteration > kept)
    took = time.monotonic() - killed
    until(lambda: run.events == changed)
    until(lambda: run.iteration > changed[0][0] + 100)
    at, rows = paused(run)
    planned = tuple(Event(*event) for event in changed)
    assert np.array_equal(at, np.arange(1, len(at) + 1))
    assert np.array_equal(rows, Trainer(TINY.with_("seed", 7), planned=planned).advance(len(rows)).numpy())
    assert run.wanted.d_opt.lr == 0.004
    assert took < 10  # a second or less on a machine that is not busy: see the benchmark of recovery


def test_a_change_that_the_dead_worker_never_heard_is_made_by_its_heir(hub, start):
    run = start()
    watch(run)
    run.play()
    until(lambda: run.iteration > 100)
    process = hub.pool.host(run.id).process
    os.kill(process.pid, signal.SIGSTOP)
    run.want(run.wanted.with_("batch", 24))
    assert run.events == []
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: any(what == "batch=24" for _, what in run.events))
    assert run.wanted.batch == 24


def test_a_run_whose_worker_dies_again_and_again_is_given_up_and_play_tries_once_more(hub, start, monkeypatch):
    monkeypatch.setattr("gancore.run.session.DEATHS", 0)
    run = start()
    run.play()
    until(lambda: run.state == "playing")
    os.kill(hub.pool.host(run.id).process.pid, signal.SIGKILL)
    until(lambda: run.state == "failed")
    assert "died too often" in run.status()[1]["detail"] and not hub.hosts(run) and not run.active
    run.play()
    watch(run)
    until(lambda: run.state == "playing" and run.iteration > 0)


def test_changes_are_acknowledged_quickly_while_it_trains_at_full_speed(start):
    run = start()
    watch(run)
    run.play()
    until(lambda: run.iteration > 50)
    waits = []
    for k in range(25):
        time.sleep(0.01)
        began = time.perf_counter()
        run.want(run.wanted.with_("batch", 8 + k % 2 + 1))
        until(lambda k=k: len(run.events) == k + 1)
        waits.append(time.perf_counter() - began)
    assert np.median(waits) < 0.25  # on a quiet machine 0.02: see the benchmark of acknowledgement


def test_news_of_an_earlier_start_comes_too_late(start):
    run = start()
    watch(run)
    run.play()
    until(lambda: run.iteration > 50)
    late = messages.Status(run.id, run.epoch, "playing", "late", 9999, 9999, 9999, [])
    run.restart()
    run.tell(late)
    run.tell(messages.NewFrame(run.id, late.epoch, 9999, b"late"))
    assert run.iteration < 9999 and run.newest()[1] != b"late" and run.status()[1]["epoch"] == 1
    until(lambda: run.state == "playing" and run.iteration > 10)


def test_before_training_every_setting_acts_at_once_and_later_some_wait_for_a_restart(start):
    run = start()
    run.want(TINY.with_("d.width", 16))
    assert run.config.d.width == 16 and run.pending() == {}
    until(lambda: not run.loading)
    run.step("both")
    until(lambda: run.iteration == 1)
    run.want(run.wanted.with_("d.width", 4).with_("batch", 5))
    assert run.pending() == {"d.width": 4} and run.running().batch == 5 and run.running().d.width == 16
    until(lambda: run.events == [(1, "batch=5")])
    run.restart()
    assert run.pending() == {} and run.config.d.width == 4 and run.events == []


def test_a_planned_change_becomes_a_wish_and_a_person_has_the_last_word(start):
    run = start(changes=[(20, "d_opt.lr=0.01"), (40, "g_opt.lr=0.02")])
    watch(run)
    run.set_pace(Pace(until=30))
    run.play()
    until(lambda: run.state == "finished")
    assert run.wanted.d_opt.lr == 0.01
    run.want(run.wanted.with_("d_opt.lr", 0.03))
    run.set_pace(Pace())
    run.play()
    until(lambda: len(run.events) == 3)
    assert (run.wanted.d_opt.lr, run.wanted.g_opt.lr) == (0.03, 0.02)


def test_an_exploding_run_is_told_and_goes_on_after_its_knob_is_turned(start):
    wild = TINY.with_("loss", "least-squares").with_("d_opt", "sgd").with_("g_opt", "sgd")
    run = start(wild.with_("d_opt.lr", 10.0).with_("g_opt.lr", 10.0))
    run.play()
    until(lambda: run.state == "failed")
    told = run.status()[1]
    assert "became non-finite in iteration" in told["detail"] and not run.active
    with Reader(run.path) as reader:
        assert reader.iterations() == told["iteration"]
    run.want(run.wanted.with_("d_opt", "adam").with_("g_opt", "adam").with_("constraint", "clip"))
    run.play()
    watch(run)
    until(lambda: run.iteration > told["iteration"] + 20)
    assert run.state == "playing" and run.status()[1]["detail"] == ""


def test_the_numbers_of_a_run_can_be_taken_away(start):
    run = start()
    run.set_pace(Pace(until=25))
    run.play()
    until(lambda: run.state == "finished")
    lines = "".join(run.scalars_csv()).splitlines()
    _, rows = paused(run)
    assert lines[0].startswith("iteration,d_loss") and len(lines) == 26
    read = np.array([line.split(",")[1:] for line in lines[1:]], float).astype(np.float32)
    assert np.array_equal(read, rows)


@pytest.mark.parametrize("act", ["play", "pause", "restart"])
def test_a_forgotten_run_takes_orders_in_silence(hub, start, act):
    run = start()
    hub.forget(run)
    getattr(run, act)()
    assert not run.active and hub.find(run.id) is None
