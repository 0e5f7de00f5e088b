"""That as many threads play as are fastest, and that nobody can tell from the numbers how many they were."""

import os
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from gancore.config import Config
from gancore.train.engines import hands, proving
from gancore.train.engines.compiled import StretchedLoop, stretched
from gancore.train.engines.hands import BLOCKS, LONGEST, Hands, at_work, cores, waited
from gancore.train.engines.plan import Call
from gancore.train.engines.proving import run
from gancore.train.engines.stretches import Shared, programmed
from gancore.train.engines.tape import aten
from gancore.train.trainer import Trainer
from tests.train.small import without_waiting


@pytest.fixture
def two(monkeypatch):
    without_waiting(monkeypatch)
    hands.allow(2)
    yield
    hands.allow(1)


class Machine:
    """One whose iterations take so long with so many threads, and where whoever plays waits for a share of the time."""

    def __init__(self, costs):
        self.costs, self.now, self.seen = costs, 0.0, []
        self.crowd, self.waited = {}, 0.0
        at_work = lambda n: nullcontext(self.seen.append(n))  # noqa: E731
        self.hands = Hands(tuple(costs), lambda: self.now, lambda: self.waited, at_work)

    def play(self, blocks, iterations=10):
        for _ in range(blocks):
            with self.hands.playing(iterations):
                spent = iterations * self.costs[self.seen[-1]]
                self.now += spent
                self.waited += spent * self.crowd.get(self.seen[-1], 0)
        return self


def test_more_threads_play_where_they_are_faster():
    assert Machine({1: 0.004, 2: 0.002}).play(20).hands.threads == 2
    assert Machine({1: 0.004, 2: 0.0022, 4: 0.0014, 8: 0.0013}).play(60).hands.threads == 4


def test_what_little_more_threads_gain_is_left_to_others():
    machine = Machine({1: 0.002, 2: 0.0018}).play(2000)
    assert machine.hands.threads == 1
    assert machine.seen.count(2) < 0.02 * len(machine.seen)


def test_threads_that_no_longer_help_are_given_back_and_taken_again():
    machine = Machine({1: 0.004, 2: 0.002}).play(20)
    machine.costs[2] = 0.006
    machine.play(int(LONGEST / 0.06) + BLOCKS)
    assert machine.hands.threads == 1
    machine.costs[2] = 0.002
    machine.play(2 * int(LONGEST / 0.04) + BLOCKS)
    assert machine.hands.threads == 2


def test_cores_that_others_wait_for_are_given_back_though_more_threads_would_be_faster():
    machine = Machine({1: 0.004, 2: 0.002}).play(20)
    machine.crowd = {2: 0.4}
    machine.play(BLOCKS)
    assert machine.hands.threads == 1
    machine.seen.clear()
    machine.play(int(10 * LONGEST / 0.04))
    assert machine.seen.count(2) < 0.01 * len(machine.seen)
    machine.crowd = {1: 0.4}
    machine.play(5)
    machine.seen.clear()
    machine.play(int(10 * LONGEST / 0.04))
    assert 2 not in machine.seen


@pytest.mark.skipif(not Path("/proc/thread-self/schedstat").exists(), reason="this system does not count it")
def test_waiting_for_a_processor_is_counted_by_the_system():
    before, end = waited(), time.monotonic() + 1
    crowd = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * cores())]
    while time.monotonic() < end:
        pass
    for one in crowd:
        one.kill()
        one.wait()
    assert waited() - before > 0.05


def test_where_one_thread_is_allowed_there_is_nothing_to_try():
    with Hands((1,), clock=None, waited=None, at_work=None).playing(1):
        pass


@pytest.mark.parametrize(
    "settings",
    [
        {"data": "ring", "batch": 256, "g.width": 128, "d.width": 128},
        {"data": "digits", "g": "dcgan", "d": "dcgan", "g.channels": 8, "d.channels": 8, "batch": 64},
        {"data": "digits", "d": "maxout", "g.width": 400, "precision": "bfloat16", "batch": 64},
        {"data": "normal", "batch": 128, "penalty": "wgan-gp", "d_opt": "rmsprop"},
    ],
    ids=str,
)
def test_any_number_of_threads_plays_the_same_bits(built, two, settings):
    config = Config.from_flat(settings)
    one, other = Trainer(config, engine="eager"), Trainer(config)
    rows, again = [one.advance(6)], [other.advance(6)]
    loop = other.engine.loops[-1]
    assert isinstance(loop, StretchedLoop)
    for threads in (2, 1):
        loop.hands.settle(threads - 1)
        loop.hands.next = float("inf")
        assert other.engine.told.split(":")[0] == ("compiled × 2" if threads == 2 else "compiled")
        rows.append(one.advance(6))
        again.append(other.advance(6))
    assert torch.equal(torch.cat(rows), torch.cat(again))
    for name, x in one.state.tensors().items():
        assert torch.equal(x, other.state.tensors()[name]), name


def test_long_calls_are_shared_by_torch_s_own_threads_if_their_bits_are_the_same(built, two, monkeypatch):
    monkeypatch.setattr(proving, "LONG", 0)
    game = Config.from_flat({"data": "digits", "g": "dcgan", "d": "dcgan", "g.channels": 8, "d.channels": 8})
    plain, trainer = Trainer(game, engine="eager").advance(8), Trainer(game)
    assert torch.equal(plain, trainer.advance(8))
    script = trainer.engine.loops[-1].script.text()
    assert script.count("shared(True)\n        torch.ops.aten.conv") + script.count("shared(True)\n        r0") > 3
    assert "shared(True)\n        torch.ops.aten.rand" not in script


def test_calls_with_other_bits_are_not_shared(built, two, monkeypatch):
    monkeypatch.setattr(proving, "LONG", 0)
    call = Call(aten.sin.out, (torch.ones(9),), {}, (torch.empty(9),), ("out",))
    assert [type(step) for step in stretched([call])] == [Shared]
    monkeypatch.setattr(proving, "SHARED", {})
    monkeypatch.setattr(proving, "alike", lambda one, other: False)
    assert stretched([call]) == [call]


@pytest.mark.parametrize("rows, inner, columns", [(257, 129, 65), (65, 129, 257), (512, 128, 1), (16, 4000, 16)])
def test_every_part_of_a_product_is_played_once(built, rows, inner, columns):
    x, y, out = torch.randn(rows, inner), torch.randn(inner, columns), torch.empty(rows, columns)
    program = programmed(Call(aten.mm.out, (x, y), {}, (out,), ("out",)))
    for n in (1, 2, 3, 5) * 100:
        out.fill_(float("nan"))
        with at_work(n):
            run(program)
        torch.testing.assert_close(out, x @ y)


def test_a_second_thread_takes_parts_and_none_where_one_plays(built):
    x, y, out = torch.randn(512, 512), torch.randn(512, 512), torch.empty(512, 512)
    program = programmed(Call(aten.mm.out, (x, y), {}, (out,), ("out",)))
    before, end = torch.ops.gancore.helped(), time.monotonic() + 60
    with at_work(2):
        while torch.ops.gancore.helped() == before and time.monotonic() < end:
            run(program)
    helped = torch.ops.gancore.helped()
    assert helped > before
    for _ in range(20):
        run(program)
    assert torch.ops.gancore.helped() == helped


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not list threads")
def test_hands_are_hired_once_and_free_again_when_the_process_ends(built):
    code = (
        "import os, torch; from gancore.train.engines.compiling import library; torch.set_num_threads(1);"
        "torch.ops.load_library(str(library())); count = lambda: len(os.listdir('/proc/self/task')); before = count();"
        "[torch.ops.gancore.hands(n) for n in (4, 1, 4)]; print(count() - before)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (0, "3\n"), run.stderr


def test_all_that_this_process_may_use_or_as_many_as_are_named(monkeypatch):
    monkeypatch.delenv("GANSCOPE_WORKERS", raising=False)
    assert 1 <= cores() <= os.cpu_count()
    monkeypatch.setenv("GANSCOPE_WORKERS", "3")
    assert cores() == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not bind processes to cores")
def test_cores_that_this_process_is_kept_from_do_not_count(monkeypatch):
    monkeypatch.delenv("GANSCOPE_WORKERS", raising=False)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)
