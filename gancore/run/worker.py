"""A worker process: hosts many runs on one core, in fair turns. Started by the pool as `python -m gancore.run.worker`.

Two threads: one reads the pipe into the inbox, the main one moves, listens, looks and tells.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from functools import partial

import torch

from gancore.run import messages
from gancore.run.hosted import Hosted

IDLE = 0.05  # Seconds an idle worker sleeps before it looks at loading runs again; an order wakes it at once.


class Worker:
    """The loop and the runs it hosts."""

    def __init__(self, inbox: queue.SimpleQueue, tell):
        self.inbox, self.tell = inbox, tell
        self.runs: dict[str, Hosted] = {}

    def serve(self):
        """Runs until the server hangs up."""
        while True:
            moved = False
            for run in list(self.runs.values()):
                if run.run not in self.runs or not run.poll_loading():
                    self.report(run)
                    continue
                moved |= run.move()  # move
                if not self.listen():  # listen
                    return
                self.report(run)  # look, tell
            if not moved and not self.listen(wait=IDLE):
                return

    def listen(self, wait: float = 0.0) -> bool:
        """Takes what the server said; False when it hung up."""
        try:
            message = self.inbox.get(timeout=wait) if wait else self.inbox.get_nowait()
            while True:
                if message is None:
                    for run in self.runs.values():
                        run.close()
                    return False
                self.obey(message)
                message = self.inbox.get_nowait()
        except queue.Empty:
            return True

    def obey(self, message):
        if isinstance(message, messages.Open):
            wanted = frozenset()
            if old := self.runs.pop(message.run, None):
                old.close()
                wanted = old.wanted
            self.runs[message.run] = run = Hosted(message)
            run.wanted = wanted
        elif run := self.runs.get(message.run):
            act = {
                messages.Close: self.close,
                messages.Play: lambda _: run.play(),
                messages.Pause: lambda _: run.pause(),
                messages.Step: lambda m: run.step(m.which),
                messages.Change: lambda m: run.change(m.what),
                messages.Pace: lambda m: run.set_pace(m.pace),
                messages.Watch: lambda m: run.watch(m.probes),
            }[type(message)]
            if run.trainer or isinstance(message, messages.Close | messages.Watch | messages.Pace):
                act(message)
                self.report(run)
            else:
                run.inbox.append(partial(act, message))
        watched = sum(1 for run in self.runs.values() if run.wanted)
        for run in self.runs.values():
            run.watchers = max(1, watched)

    def close(self, message):
        self.runs.pop(message.run).close()

    def report(self, run: Hosted):
        if run.run not in self.runs:
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
    torch.set_num_threads(1)
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_read, args=(inbox,), daemon=True).start()
    messages.send(out, messages.Ready(os.getpid()))
    try:
        Worker(inbox, partial(messages.send, out)).serve()
    except BrokenPipeError:
        pass  # The server is gone, and with it everybody who could be told.


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
