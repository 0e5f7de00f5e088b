"""Truths about the process that workers are copies of: they share what it loaded, and do without it once they are born."""

import gc
import os
import signal
import sys
from pathlib import Path

import pytest

from gancore.run import messages, pool
from gancore.run.nursery import Nursery
from gancore.run.pool import LocalPool, surroundings
from tests.run.tiny import until

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or any(map(os.path.exists, pool.CUDA)), reason="workers load by themselves here"
)


@pytest.fixture
def nursery():
    made = Nursery(surroundings())
    yield made
    made.close()
    assert made.process.poll() is not None


def ready(born):
    """The first word of a worker that was just born, who then is hung up on."""
    with born.stdout as told, born.stdin:
        return messages.receive(told)


def test_a_worker_says_which_process_it_is(nursery):
    one, other = nursery.bear(), nursery.bear()
    assert ready(other).pid == other.pid and ready(one).pid == one.pid
    assert len({one.pid, other.pid, nursery.process.pid}) == 3
    until(lambda: not any(Path(f"/proc/{born.pid}").exists() for born in (one, other)))


def test_whoever_nobody_asks_for_is_known_by_the_next_one(nursery):
    for _ in range(3):
        ready(nursery.bear())
    nursery.bear()
    until(lambda: len(nursery._unnamed) == 1)


def test_what_is_copied_has_one_thread(nursery):
    ready(nursery.bear())
    tasks = list(Path(f"/proc/{nursery.process.pid}/task").iterdir())
    assert len(tasks) == 1


def test_workers_share_the_memory_that_loading_takes(nursery):
    born = nursery.bear()
    messages.receive(born.stdout)
    told = dict(line.split(":") for line in Path(f"/proc/{born.pid}/smaps_rollup").read_text().splitlines()[1:])
    resident, own = (int(told[name].split()[0]) / 1000 for name in ("Rss", "Private_Dirty"))
    born.stdin.close()
    assert resident > 180 and own < 60  # megabytes; 140 of its own where each loads by itself


def test_a_nursery_that_died_is_begun_anew(nursery):
    before = nursery.bear()
    assert ready(before).pid == before.pid
    dead = nursery.process.pid
    os.kill(dead, signal.SIGKILL)
    nursery.process.wait()
    after = nursery.bear()
    assert ready(after).pid == after.pid and nursery.process.pid != dead


def test_a_worker_that_was_never_born_is_no_process(nursery):
    os.kill(nursery.process.pid, signal.SIGSTOP)
    born = nursery.bear()
    os.kill(nursery.process.pid, signal.SIGKILL)
    nursery.process.wait()
    assert messages.receive(born.stdout) is None
    with pytest.raises(ProcessLookupError, match="before this worker was born"):
        _ = born.pid


def test_a_pool_goes_on_when_its_nursery_and_a_worker_die():
    mourned = []
    alive = LocalPool(1, lambda message: None, mourned.append)
    try:
        until(lambda: alive.spare is not None and alive.spare.warm)
        alive.place("run")
        first = alive.host("run")
        os.kill(alive.source.process.pid, signal.SIGKILL)
        os.kill(first.process.pid, signal.SIGKILL)
        until(lambda: mourned == [["run"]] and alive.host("run") is not first)
        until(lambda: alive.spare is not None and alive.spare.warm)
    finally:
        alive.close()


def test_without_a_nursery_each_worker_loads_by_itself(monkeypatch):
    monkeypatch.setattr(pool, "CUDA", ("/",))
    alive = LocalPool(2, lambda message: None, lambda runs: None)
    try:
        assert isinstance(alive.source, pool.Loading)
        for run in "ab":
            alive.place(run)
        until(lambda: all(worker.warm for worker in alive.workers))
        assert len({worker.process.pid for worker in alive.workers}) == 2
    finally:
        alive.close()
    assert all(worker.process.poll() is not None for worker in alive.workers)


def test_who_is_killed_before_birth_keeps_nobody_waiting(nursery):
    os.kill(nursery.process.pid, signal.SIGSTOP)
    born = nursery.bear()
    born.kill()  # comes back at once
    nursery.close()  # kills what does not answer
    assert messages.receive(born.stdout) is None


def test_a_birth_that_fails_leaves_nothing_open(nursery, monkeypatch):
    def refuse(*args, **options):
        raise BlockingIOError("no more processes")

    ready(nursery.bear())
    os.kill(nursery.process.pid, signal.SIGKILL)
    nursery.process.wait()
    with monkeypatch.context() as patch:
        patch.setattr("gancore.run.nursery.subprocess.Popen", refuse)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(BlockingIOError):
                nursery.bear()
            gc.collect()
        assert len(os.listdir("/proc/self/fd")) <= before
    ready(nursery.bear())
