"""Memory that was needed once, which the C library keeps for next time: a worker lives for hours, and others want it.

All of this is glibc's; where another C library is at work, nothing is done.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

ARENAS = -8  # M_ARENA_MAX of <malloc.h>


def share() -> None:
    """Has all threads draw on one pool of memory, as few of them work at a time: what one has freed another can use."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(ARENAS, 1)


def give_back() -> None:
    """Returns freed memory to the system. It takes some milliseconds."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
