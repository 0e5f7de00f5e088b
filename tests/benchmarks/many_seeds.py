"""Sixteen seeds at once: ordinary runs spread over the workers, beside the plain loop of a tutorial, one seed after another.

Run as a program: `python -m tests.benchmarks.many_seeds [members] [rounds] [seconds]`. Both ways have as many processes as
there are cores and take turns; told are member-iterations a second by the clock, and by the processor's own time, which other
work on the machine does not change.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
import time

import numpy as np
import torch

from gancore.config import Config
from gancore.record.reader import Reader
from gancore.run.hub import Hub
from gancore.run.sweep.members import Sweeping
from gancore.run.sweep.sweep import Sweep
from gancore.train.trainer import Trainer
from tests.benchmarks.games import game
from tests.benchmarks.plain_loop import PlainLoop

MEMBERS, ROUNDS, SECONDS = 16, 5, 4.0
READY = 400  # iterations by which every member has its tape
LAG = 1.5  # seconds
EQUAL = 200  # iterations that are held against single runs
PLAYED = {"1-D toy": 9.0, "2-D": 2.0}  # and the ratio that is wanted
TICK = os.sysconf("SC_CLK_TCK")


def one_after_another(told, name: str, way: str) -> None:
    """A process that, whenever it is told a number of seconds, plays so long and says iterations and processor seconds."""
    os.nice(5)  # as the workers are
    torch.set_num_threads(1)
    trainer = Trainer(config := game(name), engine="eager")
    advance = PlainLoop(trainer.game, config).advance if way == "plain" else trainer.advance
    advance(20)
    while seconds := told.recv():
        n, began, used = 0, time.perf_counter(), time.thread_time()
        while time.perf_counter() - began < seconds:
            advance(10)
            n += 10
        told.send((n / (time.perf_counter() - began), n / (time.thread_time() - used)))


class Plainly:
    """As many such processes as there are cores."""

    def __init__(self, name: str, way: str):
        spawn = multiprocessing.get_context("spawn")
        self.pipes, self.processes = [], []
        for _ in range(os.cpu_count()):
            here, there = spawn.Pipe()
            process = spawn.Process(target=one_after_another, args=(there, name, way), daemon=True)
            process.start()
            self.pipes.append(here)
            self.processes.append(process)

    def rate(self, seconds: float) -> tuple[float, float]:
        """All of them together: by the clock, and for each core's processor time."""
        for pipe in self.pipes:
            pipe.send(seconds)
        told = [pipe.recv() for pipe in self.pipes]
        return sum(clock for clock, _ in told), sum(used for _, used in told)

    def close(self) -> None:
        for pipe, process in zip(self.pipes, self.processes):
            pipe.send(0)
            process.join()


class Swept:
    """The sweep's way. Between its turns its workers are held as they are: a pause would cost each member a frame and a checkpoint."""

    def __init__(self, name: str, members: int):
        self.hub = Hub(workers=os.cpu_count(), rest=1e9)
        began = time.perf_counter()
        self.sweeping = Sweeping(self.hub, Sweep.seeds(game(name), members, 10**7))
        self.sweeping.play()
        while any(run.iteration < READY for run in self.sweeping.runs):
            self.sweeping.look()
            time.sleep(0.1)
        self.begun = time.perf_counter() - began
        self.signal(signal.SIGSTOP)

    def rate(self, seconds: float) -> tuple[float, float]:
        self.sweeping.look()
        self.signal(signal.SIGCONT)
        time.sleep(LAG)  # counts are told once a second: both ends are as late
        done, used, began = self.done(), self.used(), time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            self.sweeping.look()  # as the page does
            time.sleep(0.5)
        played, spent = self.done() - done, self.used() - used
        self.signal(signal.SIGSTOP)
        return played / passed, played / spent * os.cpu_count()

    def signal(self, which: signal.Signals) -> None:
        for worker in self.hub.pool.workers:
            os.kill(worker.process.pid, which)

    def close(self) -> None:
        self.signal(signal.SIGCONT)
        self.hub.close()

    def done(self) -> int:
        return sum(run.iteration for run in self.sweeping.runs)

    def used(self) -> float:
        """Processor seconds of all workers, whatever they did: played, looked, recorded."""
        seconds = 0.0
        for worker in self.hub.pool.workers:
            with open(f"/proc/{worker.process.pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
            seconds += (int(fields[11]) + int(fields[12])) / TICK
        return seconds

    def equal(self) -> int:
        """How many members recorded what the plain engine plays alone, bit for bit."""
        return sum(same(config, run.path) for config, run in zip(self.sweeping.sweep.configs, self.sweeping.runs))


def same(config: Config, path) -> bool:
    with Reader(path) as reader:
        _, rows = reader.scalars(1, EQUAL)
    alone = Trainer(config, engine="eager").advance(EQUAL).numpy()
    return np.array_equal(rows.view(np.uint32), alone.view(np.uint32))


def main(members: int = MEMBERS, rounds: int = ROUNDS, seconds: float = SECONDS) -> None:
    os.environ["GANSCOPE_RUNS"] = tempfile.mkdtemp()
    torch.set_num_threads(1)
    cores = os.cpu_count()
    print(
        f"{members} seeds, {cores} cores and as many processes each way, torch {torch.__version__}, {rounds} rounds of {seconds:g} s"
    )
    print(
        f"load before {os.getloadavg()[0]:.1f}; member-iterations a second, medians; ratios are medians of those of each round"
    )
    print(
        f"{'':28}{'plain loop':>12}{'eager':>9}{'sweep':>9}{'x plain':>9}{'x eager':>9}   wanted; ready; members equal to single runs"
    )
    for name, wanted in PLAYED.items():
        swept = Swept(name, members)
        ways = {"plain": Plainly(name, "plain"), "eager": Plainly(name, "eager"), "sweep": swept}
        seen = {way: [] for way in ways}
        for turn in range(rounds):
            for way in list(ways)[:: 1 if turn % 2 else -1]:
                seen[way].append(ways[way].rate(seconds))
        ways["plain"].close()
        ways["eager"].close()
        swept.close()
        equal = swept.equal()
        for at, clock in enumerate(("by the clock", "by processor time")):
            rates = {way: [pair[at] for pair in pairs] for way, pairs in seen.items()}
            cells = "".join(f"{statistics.median(rates[way]):{wide},.0f}" for way, wide in zip(ways, (12, 9, 9)))
            ratios = [
                statistics.median(s / b for s, b in zip(rates["sweep"], rates[way])) for way in ("plain", "eager")
            ]
            end = f"   {wanted:g}; {swept.begun:.1f} s; {equal} of {members}, {EQUAL} iterations" if at == 0 else ""
            print(f"{'  ' + clock if at else name:28}{cells}{ratios[0]:9.2f}{ratios[1]:9.2f}{end}", flush=True)
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((int, int, float), sys.argv[1:])))
