"""A server that trains at full speed in a process of its own, to be killed: what its recording then holds, and how it goes on.

Run as a program it is that server: `python -m tests.run.killed FOLDER [NAME of the recording to go on from]`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancore import presets
from gancore.record.checking import check
from gancore.record.reader import Reader

ROOT = Path(__file__).parents[2]
KINDS = ("worker", "server", "both")


def serve(folder: str, parent: str = "") -> None:
    """Trains and says, fifty times a second: when it is, how far the run is, where, and by which process."""
    from gancore.run.hub import Hub
    from gancore.run.pace import Pace

    os.environ["GANSCOPE_RUNS"] = folder
    hub, pace = Hub(workers=1), Pace(fps=20, keep=True)
    if parent:
        recorded = hub.find(parent)
        run = hub.fork(recorded, recorded.iteration)
        run.set_pace(pace)
    else:
        run = hub.open(presets.load("line").config, pace)
    run.look(run.subscribe(lambda: None), {"losses"})
    run.play()
    while True:
        host = hub.pool.host(run.id)
        pids = [host.process.pid if host else 0, hub.pool.spare.process.pid if hub.pool.spare else 0]
        told = -1 if run._mourning else run.iteration  # until the heir speaks it is the dead one's word
        print(time.monotonic(), told, *pids, run.path.name, flush=True)
        time.sleep(0.02)


@dataclass
class Said:
    at: float
    iteration: int
    worker: int
    spare: int
    name: str


class Server:
    """The other process, as its killer sees it."""

    def __init__(self, folder: Path, parent: str = ""):
        self.folder = folder
        command = [sys.executable, "-m", "tests.run.killed", str(folder), *[parent] * bool(parent)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.said: list[Said] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            at, iteration, worker, spare, name = line.split()
            self.said.append(Said(float(at), int(iteration), int(worker), int(spare), name))

    @property
    def now(self) -> Said:
        return self.said[-1]

    @property
    def path(self) -> Path:
        return self.folder / self.now.name

    def passes(self, iteration: int, dead: int = 0, patience: float = 180.0) -> float:
        """Waits until the run is beyond this iteration, with another worker than the dead one; how long that took."""
        began = time.monotonic()
        while not self.said or self.now.iteration <= iteration or self.now.worker == dead:
            if time.monotonic() - began > patience:
                raise TimeoutError(f"the run did not come beyond iteration {iteration}")
            time.sleep(0.01)
        return time.monotonic() - began

    def kill(self, kind: str) -> float:
        """Kills with SIGKILL; when that was. A server that lives on stands still, so that the file can be looked at as it was left."""
        now = self.now
        if kind == "worker":
            os.kill(self.process.pid, signal.SIGSTOP)
            os.kill(now.worker, signal.SIGKILL)
            return time.monotonic()
        workers = [pid for pid in (now.worker, now.spare) if pid]  # 0 stands for none, and would be everybody
        for pid in [self.process.pid, *workers * (kind == "both")]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        at = time.monotonic()
        self.process.wait()
        for pid in workers:  # whoever was not killed hears that its server is gone
            while Path(f"/proc/{pid}").exists() and time.monotonic() < at + 60:
                time.sleep(0.01)
        return at

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        if self.process.poll() is None:
            self.go_on()
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


@dataclass
class Fate:
    """What a kill left: iterations said a second before it, said last, and kept, and how long until the run was further."""

    kind: str
    due: int
    told: int
    kept: int
    behind: float  # seconds before the kill at which what is lost begins
    back: float

    @property
    def held(self) -> bool:
        return self.kept >= self.due


def killed(folder: Path, kills: int, seed: int = 0, shortest: float = 0.3, longest: float = 3.0):
    """Trains, kills at random moments and goes on, so many times; yields what each kill left. In the end: the last recording."""
    chance, server = random.Random(seed), Server(folder)
    try:
        server.passes(50)
        for kill in range(kills):
            kind = KINDS[kill % len(KINDS)]
            time.sleep(chance.uniform(shortest, longest))
            at = server.kill(kind)
            path, worker = server.path, server.now.worker
            said = [s for s in server.said if s.worker == worker and s.iteration >= 0]
            kept = sound(path)
            due = max((s.iteration for s in said if s.at <= at - 1.0), default=0)
            first_lost = next((s.at for s in said if s.iteration > kept), at)
            if kind == "worker":
                server.go_on()
            else:
                server.end()
                server = Server(folder, path.stem)
            back = server.passes(max(kept, said[-1].iteration), worker)
            yield Fate(kind, due, said[-1].iteration, kept, max(at - first_lost, 0.0), back)
    finally:
        server.end()


def sound(path: Path) -> int:
    """Reads a recording from end to end; how many iterations it holds, from the first on without a gap."""
    check(path)
    with Reader(path) as reader:
        iterations, _ = reader.scalars()
    assert np.array_equal(iterations, np.arange(1, len(iterations) + 1)), "a gap"
    return len(iterations)


def newest(folder: Path) -> Path:
    return max(folder.glob("*.sqlite"), key=lambda path: path.stat().st_mtime)


if __name__ == "__main__":
    serve(*sys.argv[1:])
