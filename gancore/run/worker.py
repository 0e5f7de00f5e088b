"""A worker process: hosts many runs in fair turns. A copy of the nursery's process, or `python -m gancore.run.worker`.

Two threads: one reads the pipe into the inbox, the main one moves, listens, looks and tells.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import partial

import torch

from gancore.config import Config
from gancore.observe.observer import Observer
from gancore.run import messages
from gancore.run.company import Company
from gancore.run.hosted import Hosted
from gancore.run.memory import give_back, share
from gancore.run.turn import IDLE, SLICE
from gancore.train.engines import hands, on_cuda
from gancore.train.trainer import Trainer

TIDY = 5.0  # Seconds between returns of freed memory.


class Worker:
    """The loop and the runs it hosts."""

    def __init__(self, inbox: queue.SimpleQueue, tell):
        self.inbox, self.tell = inbox, tell
        self.runs: dict[str, Hosted] = {}
        self.company = Company()
        self.share = 0.0  # Processor seconds that a run may have had to be moved now.
        self.tidied = time.monotonic()

    def serve(self):
        """Runs until the server hangs up. Recordings are closed in any case."""
        try:
            while self.round():
                pass
        finally:
            for run in self.runs.values():
                run.close()

    def round(self) -> bool:
        """Moves every run that is not ahead of the others by more than a slice; False when the server hung up.

        A run whose iterations take long thus waits for the others to have had as much of the worker as it.
        """
        playing = [run for run in self.runs.values() if run.state == "playing" and run.trainer]
        self.share = min((run.used for run in playing), default=self.share - SLICE) + SLICE
        for run in playing:
            run.crowd = len(playing)
        self.tidy()
        busy, moved = False, {}
        for run in list(self.runs.values()):
            if self.runs.get(run.run) is not run:
                continue  # Closed or started anew while another one moved.
            if not run.ready():
                run.used = self.share
            elif (run.state == "playing" and run.used > self.share) or self.move(run, moved):  # move
                busy = True
            else:
                run.used = self.share  # Who has nothing to do saves nothing up.
            if not self.listen():  # listen
                return False
            self.report(run)  # look, tell
        return busy or self.listen(wait=min((run.idle() for run in self.runs.values()), default=IDLE))

    def move(self, run: Hosted, moved: dict[str, bool]) -> bool:
        """Plays a slice of a run and of those in whose company it is, once a round; False if there was nothing to do."""
        if run.run not in moved:
            runs = self.company.of(run, self.runs.values())
            if len(runs) == 1:
                return run.move()
            played = self.company.move(runs)
            moved.update({one.run: one in played for one in runs})
        return moved[run.run]

    def tidy(self) -> None:
        """Every few seconds hands back what loading, tracing and large looks have left free."""
        if time.monotonic() - self.tidied > TIDY:
            give_back()
            self.company.keep(self.runs.values())
            self.tidied = time.monotonic()

    def listen(self, wait: float = 0.0) -> bool:
        """Takes what the server said; False when it hung up."""
        try:
            message = self.inbox.get(timeout=wait) if wait else self.inbox.get_nowait()
            while message is not None:
                self.obey(message)
                message = self.inbox.get_nowait()
            return False
        except queue.Empty:
            return True

    def obey(self, message):
        run = self.runs.get(message.run)
        if isinstance(message, messages.Open):
            self.open(message)
        elif isinstance(message, messages.Close):
            if self.runs.pop(message.run, None):
                run.close()
        elif run:
            self.steer(run, message)
        watched = sum(1 for run in self.runs.values() if run.wanted)
        for run in self.runs.values():
            run.watchers = max(1, watched)

    def open(self, order: messages.Open):
        run = Hosted(order)
        if old := self.runs.get(order.run):
            old.close()
            run.wanted = old.wanted
        run.used = self.share
        self.runs[order.run] = run

    def steer(self, run: Hosted, message):
        act = {
            messages.Play: lambda m: run.play(),
            messages.Pause: lambda m: run.pause(),
            messages.Step: lambda m: run.step(m.which),
            messages.Slow: lambda m: run.slow(m.which),
            messages.Change: lambda m: run.change(m.what, m.passing),
            messages.Pace: lambda m: run.set_pace(m.pace),
            messages.Wait: lambda m: run.wait(m.iteration),
            messages.Watch: lambda m: run.watch(m.probes),
        }[type(message)]
        if run.trainer or isinstance(message, messages.Watch | messages.Pace):
            act(message)
            self.report(run)
        elif run.state != "failed":
            run.inbox.append(partial(act, message))
        elif isinstance(message, messages.Play):
            self.open(run.reorder())  # It could not be loaded: try once more.

    def report(self, run: Hosted):
        if self.runs.get(run.run) is not run:
            return
        if run.trainer and (frame := run.look()):
            self.tell(frame)
        if status := run.news():
            self.tell(status)


def main():
    # Messages go out on the first standard output; whatever a library prints must not get between them.
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    _widen(out)
    os.nice(5)  # The page and the server answer first; training takes what is left, which is nearly all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the server, which then hangs up.
    share()
    torch.set_num_threads(1)
    hands.allow(hands.cores())
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_read, args=(inbox,), daemon=True).start()
    _warm_up()
    with suppress(BrokenPipeError):  # The server is gone, and with it everybody who could be told.
        messages.send(out, messages.Ready(os.getpid(), on_cuda()))
        Worker(inbox, partial(messages.send, out)).serve()


def _warm_up():
    """Plays and looks once, so that the first visitor does not wait for libraries to load behind the first call."""
    config = Config()
    trainer = Trainer(config)
    observer = Observer(Observer.prepare(config, trainer.game.source))
    observer.history.append(trainer.advance(1).numpy(), 1)
    observer.look(trainer, frozenset({"density", "scores", "quality"}), 0.0).encode()


def _read(inbox: queue.SimpleQueue):
    while (message := messages.receive(sys.stdin.buffer)) is not None:
        inbox.put(message)
    inbox.put(None)


def _widen(pipe):
    """A pipe that holds several frames, so that a busy server does not hold up training. Linux only, elsewhere as is."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
    except (ImportError, AttributeError, OSError):
        pass


if __name__ == "__main__":
    main()
