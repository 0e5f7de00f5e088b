"""Where workers come from on Linux: a process that has loaded all libraries and played nothing, and of which each is a copy.

They share the memory that loading takes, and one that takes a dead one's place is there in a tenth of a second. Nobody
copies a process that has used PyTorch: this one only ever loads it.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from contextlib import suppress

PID = 8  # bytes


class Nursery:
    """The process, as the server sees it: started at once, started again if it died. Any thread may call it."""

    def __init__(self, env: dict[str, str]):
        self.env = env
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._unnamed: list[Born] = []  # asked for and not answered yet, in order
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gancore.run.nursery", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=self.env,
            )

    def bear(self) -> Born:
        """A worker, which may still have to wait for the libraries."""
        (into, stdin), (stdout, out) = os.pipe(), os.pipe()
        born = Born(self, stdin, stdout)
        try:
            with self._lock:
                self._hear_all()  # or what nobody asks for would fill the line some day
                try:
                    socket.send_fds(self._line, [b"worker"], [into, out])
                except OSError:  # it died
                    self._end()
                    self._begin()
                    socket.send_fds(self._line, [b"worker"], [into, out])
                self._unnamed.append(born)
        finally:
            os.close(into)
            os.close(out)
        return born

    def name(self, born: Born, wait: bool = True) -> None:
        """Finds out which process that is, as soon as it is one. If the nursery died first, it never is."""
        with self._lock, suppress(OSError):
            self._hear_all()
            while wait and born in self._unnamed and self._hear():
                pass

    def _hear_all(self) -> None:
        with suppress(OSError):
            while self._hear(socket.MSG_DONTWAIT):
                pass

    def _hear(self, flags: int = 0) -> bool:
        """Takes in which process came of what was asked for longest ago; False when there is no more to come."""
        if told := self._line.recv(PID, flags) if self._unnamed else b"":
            self._unnamed.pop(0).known = int.from_bytes(told, "little")
        return bool(told)

    def close(self) -> None:
        """Sends it home. Its workers stay until they are hung up on."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        self._line.close()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Born:
    """A worker's process, with what is asked of a `Popen` of it."""

    def __init__(self, nursery: Nursery, stdin: int, stdout: int):
        self.stdin, self.stdout = os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb")
        self.known: int | None = None  # its process id, from the nursery or from itself
        self._nursery = nursery

    @property
    def pid(self) -> int:
        """Raises ProcessLookupError where there never was such a process."""
        if self.known is None:
            self._nursery.name(self)
        if self.known is None:
            raise ProcessLookupError("the nursery died before this worker was born")
        return self.known

    def kill(self) -> None:
        """Of one that is not born yet, its nursery's end will be its own."""
        self._nursery.name(self, wait=False)
        if self.known is not None:
            os.kill(self.known, signal.SIGKILL)

    def wait(self) -> None:
        """It is gone when nothing more can come from it; the nursery sees to the rest."""


def main(line: socket.socket) -> None:
    """Copies itself whenever the server asks, until the server is gone."""
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the server
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here asks how a worker ended
    from gancore.run import worker

    gc.collect()
    gc.freeze()  # or the first collection in a copy would write to all of this memory, and share it no more
    with suppress(ConnectionError):  # the server may leave with words unread
        while True:
            said, pipes, *_ = socket.recv_fds(line, 16, 2)
            if not said:
                return
            pid = os.fork()
            if not pid:
                line.close()
                _live(worker, *pipes)
            for pipe in pipes:
                os.close(pipe)
            line.send(pid.to_bytes(PID, "little"))


def _live(worker, into: int, out: int) -> None:
    """The copy's life. It does not come back from here."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for pipe, place in ((into, 0), (out, 1)):
            os.dup2(pipe, place)
            os.close(pipe)
        try:
            worker.main()
            code = 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
