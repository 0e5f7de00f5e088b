"""How many cores training may take."""

from __future__ import annotations

import os


def cores() -> int:
    """Those that GANSCOPE_WORKERS names, or all that this process may use."""
    given = int(os.environ.get("GANSCOPE_WORKERS", 0))
    return given or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
