"""Worker processes on this machine: started, warmed, given runs, replaced when they die.

`tell` and `mourn` are called from a thread of each worker; everything else may be called from any thread.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from gancore.run import messages
from gancore.run.nursery import Born, Nursery

CUDA = (
    "/dev/nvidiactl",
    "/dev/dxg",
)  # what stands there where a device's driver is loaded: Linux's own, and inside Windows
QUIET = 4.0  # seconds from the first warm worker to the next one's start: the first page is drawn meanwhile

_begun: list[Nursery | Loading] = []


def begin() -> None:
    """Starts the first process ahead of the pool: it loads its libraries while the server loads its own."""
    _begun.append(source())


def source() -> Nursery | Loading:
    """Where workers come from: copies of one process, or where that is not done each by itself.

    With a CUDA device each is by itself: the first call of that library would spoil all copies.
    """
    copied = sys.platform == "linux" and not any(map(os.path.exists, CUDA))
    return (Nursery if copied else Loading)(surroundings())


def surroundings() -> dict[str, str]:
    """The environment of a worker."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    # One thread a worker: faster than two for everything small, and it keeps results bit-identical. Only the engine asks
    # for more at times, which then wait for each other no longer than between two operations: pages want the cores too.
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "GOMP_SPINCOUNT": "20000"}
    return os.environ | threads | {"PYTHONPATH": path}


class Loading:
    """Workers that load their libraries each for itself. The first one is started at once."""

    def __init__(self, env: dict[str, str]):
        self.env = env
        self.first: subprocess.Popen | None = self._start()

    def _start(self) -> subprocess.Popen:
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-m", "gancore.run.worker"], stdin=pipe, stdout=pipe, env=self.env)

    def bear(self) -> subprocess.Popen:
        """A worker, which is still loading."""
        first, self.first = self.first, None
        return first or self._start()

    def close(self) -> None:
        """Nothing is left here: the pool has taken the first."""


class WorkerProcess:
    """One worker as the server sees it."""

    def __init__(
        self,
        process: subprocess.Popen | Born,
        tell: Callable[[WorkerProcess, Any], None],
        mourn: Callable[[WorkerProcess], None],
    ):
        self.process, self.gone = process, threading.Event()
        self.runs: set[str] = set()
        self.warm = False  # whether it has loaded its libraries and takes orders at once
        self.on_cuda = False  # whether it plays on such a device
        self._tell, self._mourn = tell, mourn
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True, name="worker").start()

    def send(self, message: Any) -> None:
        """Hands over an order. To a dead worker it is lost: the pool learns of the death by itself."""
        try:
            with self._lock:
                messages.send(self.process.stdin, message)
        except (BrokenPipeError, ValueError, OSError):
            pass

    def close(self) -> None:
        """Hangs up; the worker closes its recordings and leaves."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def _listen(self):
        while (message := messages.receive(self.process.stdout)) is not None:
            try:
                self._tell(self, message)
            except Exception:  # Stumbling over one piece of news must not make us deaf for all that follow.
                logging.getLogger(__name__).exception("news from a worker")
        self.process.wait()
        self.gone.set()
        self._mourn(self)


class LocalPool:
    """As many workers as asked for, and one spare that is already warm: a dead worker's runs go on within a second.

    They come one after another, each when the one before is warm, so that the first, and the page that waits for it, have the
    machine to themselves; sooner if there are more runs than workers.
    """

    def __init__(self, size: int, tell: Callable, bereaved: Callable[[list[str]], None]):
        """`tell(message)` gets what workers say; `bereaved(runs)` names the runs whose worker has just been replaced."""
        self.size, self._tell, self._bereaved = size, tell, bereaved
        self._lock = threading.RLock()
        self._closing = False
        self._warm = threading.Event()
        self.source = _begun.pop() if _begun else source()
        self.spare: WorkerProcess | None = None  # comes last
        with self._lock:  # one that was begun early may be warm already
            self.workers = [self._start()]
        atexit.register(self.close)

    def warm(self, timeout: float) -> bool:
        """Waits until a worker takes orders at once, at most so many seconds. False if none does."""
        return self._warm.wait(timeout)

    def place(self, run: str, beside: str = "") -> None:
        """Gives a run to the worker that hosts the fewest, unless it has one. One that is not warm yet counts as busy.

        On a CUDA device it comes to the worker of the run `beside` it, so that both can be played in one batch.
        """
        with self._lock:
            if self.host(run):
                return
            there = self.host(beside)
            if there and there.on_cuda:
                there.runs.add(run)
                return
            if len(self.workers) < self.size and all(worker.runs for worker in self.workers):
                self.workers.append(self._start())
            min(self.workers, key=lambda w: (max(len(w.runs), not w.warm), not w.warm)).runs.add(run)

    def send(self, message: Any) -> None:
        """Sends an order to the worker that hosts its run."""
        if worker := self.host(message.run):
            worker.send(message)

    def host(self, run: str) -> WorkerProcess | None:
        """The worker of a run, if it has one."""
        with self._lock:
            return next((worker for worker in self.workers if run in worker.runs), None)

    def release(self, run: str) -> None:
        """Takes a run away from its worker."""
        with self._lock:
            if worker := self.host(run):
                worker.send(messages.Close(run))
                worker.runs.discard(run)

    def close(self) -> None:
        """Sends everybody home and waits for them."""
        with self._lock:
            self._closing = True
            everybody = [*self.workers, *filter(None, [self.spare])]
        for worker in everybody:
            worker.close()
        for worker in everybody:
            if not worker.gone.wait(timeout=3):
                with contextlib.suppress(OSError):
                    worker.process.kill()
        self.source.close()

    def _start(self) -> WorkerProcess:
        return WorkerProcess(self.source.bear(), self._hear, self._replace)

    def _hear(self, worker: WorkerProcess, message: Any) -> None:
        if not isinstance(message, messages.Ready):
            return self._tell(message)
        worker.warm, worker.on_cuda = True, message.on_cuda
        if isinstance(worker.process, Born):
            worker.process.known = message.pid
        if self._warm.is_set():
            self._grow()
            return
        self._warm.set()
        later = threading.Timer(QUIET, self._grow)
        later.daemon = True
        later.start()

    def _grow(self) -> None:
        """The next one that is missing."""
        with self._lock:
            if self._closing:
                return
            if len(self.workers) < self.size:
                self.workers.append(self._start())
            elif not self.spare:
                self.spare = self._start()

    def _replace(self, dead: WorkerProcess) -> None:
        if dead is self.spare:
            time.sleep(1.0)  # Nobody waits for it, and where workers cannot start at all this keeps the machine usable.
        with self._lock:
            if self._closing:
                return
            if dead is self.spare:
                self.spare = self._start()
                return
            heir, self.spare = self.spare or self._start(), None
            heir.runs = dead.runs
            self.workers[self.workers.index(dead)] = heir
            runs = sorted(heir.runs)
        self._bereaved(runs)
        self._grow()  # Only now: a process that starts takes processor time, which the bereaved need first.
