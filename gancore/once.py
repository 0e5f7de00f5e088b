"""What is worked out once for all runs of a process, however many of them ask for it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache, wraps
from weakref import WeakValueDictionary


def once(most: int) -> Callable:
    """Keeps what was worked out lately, at most so much of it, by its arguments.

    Threads that ask for the same at once wait for the first, where with `lru_cache` alone each works it out and keeps its own.
    """

    def of(work: Callable) -> Callable:
        kept, door = lru_cache(most)(work), threading.Lock()
        turns: WeakValueDictionary[tuple, threading.Lock] = WeakValueDictionary()  # of whoever is being asked for

        @wraps(work)
        def ask(*about):
            with door:
                turn = turns.setdefault(about, threading.Lock())
            with turn:
                return kept(*about)

        ask.cache_clear = kept.cache_clear
        return ask

    return of
