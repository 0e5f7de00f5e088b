"""Memory that was needed once, which the C library keeps for next time: a worker lives for hours, and others want it."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Returns freed memory to the system, where the C library can: that of glibc. It takes some milliseconds."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
