"""Who looks at a run, and what each of them draws. Any thread may call anything here."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Watcher:
    """A reader: how to wake it, the probes it draws, and until when (monotonic seconds) it counts unless it looks again."""

    wake: Callable[[], None]
    probes: frozenset[str] = frozenset()
    until: float = float("inf")


class Watchers:
    """The readers of one run. `tell(probes)` passes on what any of them draws whenever that may have changed."""

    def __init__(self, tell: Callable[[list[str]], None]):
        self._tell = tell
        self._lock = threading.RLock()
        self._all: dict[int, Watcher] = {}
        self._tokens = itertools.count()

    def add(self, wake: Callable[[], None], ttl: float | None) -> int:
        with self._lock:
            token = next(self._tokens)
            self._all[token] = Watcher(wake, until=end(ttl))
            return token

    def look(self, token: int, probes: set[str], ttl: float | None) -> None:
        """This reader draws these probes. One with `ttl` that was away for longer is back with this."""
        with self._lock:
            if token in self._all or ttl:
                known = self._all.get(token, Watcher(lambda: None))
                self._all[token] = Watcher(known.wake, frozenset(probes), end(ttl))
            self.tell()

    def remove(self, token: int) -> None:
        with self._lock:
            self._all.pop(token, None)
            self.tell()

    def there(self) -> bool:
        """Whether anybody is. Readers that stopped looking are forgotten here."""
        now = time.monotonic()
        with self._lock:
            late = [token for token, watcher in self._all.items() if watcher.until < now]
            for token in late:
                del self._all[token]
            if late:
                self.tell()
            return bool(self._all)

    def tell(self) -> None:
        with self._lock:  # Also while it is sent: the last one sent has to be the last one true.
            self._tell(sorted(set().union(*(watcher.probes for watcher in self._all.values()))))

    def wake(self) -> None:
        with self._lock:
            wakes = [watcher.wake for watcher in self._all.values()]
        for wake in wakes:
            with suppress(RuntimeError):  # Its event loop closed just now.
                wake()


def end(ttl: float | None) -> float:
    return time.monotonic() + ttl if ttl else float("inf")
