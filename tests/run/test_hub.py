"""Truths about the hub: everybody moves, nobody is forgotten in the line, and who is not watched takes no processor."""

import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gancore import presets
from gancore.observe.frame import Frame
from gancore.record.recording import Reader
from gancore.run import hub as hubs
from gancore.run import pool
from gancore.run.pace import Pace
from gancore.run.pool import LocalPool
from tests.run.tiny import TINY, until


def processor_seconds(process) -> float:
    return (
        sum(int(t.joinpath("schedstat").read_text().split()[0]) for t in Path(f"/proc/{process.pid}/task").iterdir())
        / 1e9
    )


def engine(run) -> str | None:
    data = run.newest()[1]
    return Frame.decode(data).info["engine"] if data else None


def test_six_runs_on_one_worker_all_advance_and_are_shown(start):
    runs = [start(presets.load("line").config.with_("seed", seed), Pace(fps=10)) for seed in range(6)]
    for run in runs:
        run.look(run.subscribe(lambda: None), {"losses", "density", "quality"})
        run.play()
    # What is shared out is the processor, not iterations, and who turned to the fast engine last still pays for that.
    until(lambda: {engine(run) for run in runs} in ({"compiled"}, {"looped"}))
    fast = [run.iteration for run in runs]
    until(lambda: all(run.iteration > it + 500 for run, it in zip(runs, fast)))
    before = [(run.iteration, run.newest()[0]) for run in runs]
    until(lambda: all(run.iteration > it + 150 and run.newest()[0] > n + 5 for run, (it, n) in zip(runs, before)))
    moved = [run.iteration - iteration for run, (iteration, _) in zip(runs, before)]
    assert min(moved) >= 0.5 * statistics.median(moved)


def test_a_run_nobody_watches_rests_frees_the_processor_and_goes_on_when_looked_at(hub, start, monkeypatch):
    monkeypatch.setattr(hub, "rest", 0.3)
    run = start()
    token = run.subscribe(lambda: None)
    run.play()
    until(lambda: run.state == "playing")
    time.sleep(1.5)
    assert run.state == "playing"
    run.unsubscribe(token)
    closed = time.monotonic()
    until(lambda: run.state == "paused")
    assert time.monotonic() - closed < 20 and not run.active
    assert "nobody was watching" in run.status()[1]["detail"]
    process = hub.pool.host(run.id).process
    before, stood = processor_seconds(process), run.iteration
    time.sleep(1.0)
    assert processor_seconds(process) - before < 0.1 and run.iteration == stood
    run.subscribe(lambda: None)
    until(lambda: run.state == "playing" and run.active)
    assert run.status()[1]["detail"] == ""


def test_a_run_told_to_keep_going_does_not_rest_and_its_counts_are_told(hub, start, monkeypatch):
    monkeypatch.setattr(hub, "rest", 0.1)
    run = start(TINY, Pace(keep=True))
    run.play()
    until(lambda: run.iteration > 0)
    time.sleep(1.5)
    before = run.iteration
    until(lambda: run.iteration > before)
    assert run.state == "playing"


def test_a_reader_who_must_keep_looking_is_forgotten_when_it_stops_and_known_again_when_it_returns(
    hub, start, monkeypatch
):
    monkeypatch.setattr(hub, "rest", 0.3)
    run = start()
    token = run.subscribe(lambda: None, ttl=0.3)
    run.look(token, {"losses"}, ttl=0.3)
    run.play()
    until(lambda: run.resting)
    shown = run.newest()[0]
    run.look(token, {"losses"}, ttl=5.0)
    until(lambda: run.newest()[0] > shown + 2)


def test_when_the_machine_is_full_the_next_waits_in_line_and_starts_by_itself(hub, start, monkeypatch):
    monkeypatch.setattr(hub, "capacity", 1)
    first, second, third = (start() for _ in range(3))
    for run in (first, second, third):
        run.subscribe(lambda: None)
        run.play()
    until(lambda: first.state == "playing")
    assert second.status()[1]["detail"].startswith("1st in line") and third.status()[1]["detail"].startswith(
        "2nd in line"
    )
    second.want(TINY.with_("d.width", 16))  # turning knobs while waiting costs nobody the place
    assert hub.in_line(second) and second.status()[1]["detail"].startswith("1st in line")
    second.restart()
    first.pause()
    until(lambda: second.state == "playing")
    assert third.status()[1]["detail"].startswith("1st in line") and second.status()[1]["detail"] == ""
    third.pause()
    assert not hub.in_line(third) and third.status()[1]["detail"] == ""
    second.pause()
    third.play()
    until(lambda: third.state == "playing")
    assert [first.active, second.active, third.active] == [False, False, True]


def test_a_run_that_stops_by_itself_gives_its_place_away(hub, start, monkeypatch):
    monkeypatch.setattr(hub, "capacity", 1)
    first, second = start(TINY, Pace(until=20)), start()
    first.play()
    second.play()
    until(lambda: second.state == "playing")
    assert first.state == "finished" and first.iteration == 20


def test_a_run_that_was_forgotten_leaves_its_worker_and_its_recording_stays(hub, start, monkeypatch):
    monkeypatch.setattr(hubs, "FORGET", 0.2)
    run = start()
    run.step("both")
    until(lambda: hub.find(run.id) is None)
    assert not hub.hosts(run)
    until(lambda: not run.path.with_name(run.path.name + "-wal").exists())
    with Reader(run.path) as reader:
        assert reader.iterations() == 1


@pytest.mark.parametrize("n, said", [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd"), (113, "113th")])
def test_places_in_line_are_said_as_people_say_them(n, said):
    assert hubs.ordinal(n) == said


SERVER = """
import sys, time
from gancore.config import Config
from gancore.run.hub import Hub
hub = Hub(workers=1)
run = hub.open(Config.from_flat({"batch": 8, "g.width": 8, "d.width": 8}))
run.look(run.subscribe(lambda: None), {"losses", "density"})
run.play()
while run.iteration < 100 or not (hub.pool.spare and hub.pool.spare.warm):
    time.sleep(0.05)
pids = [worker.process.pid for worker in [*hub.pool.workers, hub.pool.spare]]
print(run.path, *pids, flush=True)
time.sleep(60)
"""


def test_when_the_server_is_killed_its_workers_leave_and_recordings_are_whole(tmp_path):
    env = os.environ | {"GANSCOPE_RUNS": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True, env=env)
    path, *pids = server.stdout.readline().split()
    server.send_signal(signal.SIGKILL)
    server.wait()
    until(lambda: not any(alive(int(pid)) for pid in pids))
    with Reader(path) as reader:
        at, _ = reader.scalars()
        assert at[0] == 1 and len(at) == at[-1] >= 100 and reader.last_checkpoint()[0] == at[-1]
    assert [file.name for file in tmp_path.iterdir()] == [Path(path).name]


def alive(pid: int) -> bool:
    """A dead process that nobody has asked about yet counts as dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def test_a_hub_says_when_it_is_warm_and_the_first_run_meets_a_warm_worker(hub, start):
    assert hub.warm(timeout=60)
    run = start()
    assert hub.pool.host(run.id).warm


class Late(LocalPool):
    """A pool that hears its workers before it knows them, as when one was begun early."""

    def _start(self):
        worker = super()._start()
        until(lambda: worker.warm)
        return worker


def test_a_worker_that_is_warm_at_once_is_followed_by_the_others_and_the_spare():
    pool.begin()
    begun = Late(2, lambda message: None, lambda runs: None)
    try:
        until(lambda: begun.spare is not None and begun.spare.warm)
        assert len(begun.workers) == 2 and not pool._begun
    finally:
        begun.close()


def test_more_runs_than_workers_bring_the_next_worker_at_once():
    begun = LocalPool(2, lambda message: None, lambda runs: None)
    try:
        for run in "abcd":
            begun.place(run)
        assert sorted(len(worker.runs) for worker in begun.workers) == [2, 2]
    finally:
        begun.close()
