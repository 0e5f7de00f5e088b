"""Who writes a recording: told by the writer itself, so that a run that goes on is told from one that was cut off.

A process is looked for only on the machine that it named, and only where /proc says which processes there are.
"""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

FRESH = 5.0  # Seconds without a word after which a writer counts as silent: a commit comes every second.
FACT = "writer"  # under which it is told
LIVE, SILENT, GONE, CLOSED = "live", "silent", "gone", "closed"


def me() -> dict[str, Any]:
    """This process, as it tells of itself when it begins to write."""
    return {"place": place(), "pid": os.getpid(), "born": born(os.getpid())}


def closed() -> dict[str, Any]:
    """What a writer leaves when it is done."""
    return {"closed": time.time()}


def standing(writer: Any, age: float) -> str:
    """How it stands with the writer of a file that was last written `age` seconds ago.

    `closed` it, is `gone` without doing so, is `live`, or `silent`: it may be busy, or on another machine that is off.
    """
    if not isinstance(writer, dict) or "closed" in writer:  # Older files do not say.
        return CLOSED if isinstance(writer, dict) or age > FRESH else LIVE
    if gone(writer):
        return GONE
    return LIVE if age <= FRESH else SILENT


def gone(writer: dict[str, Any]) -> bool:
    """Whether this process was here and is not any more; of others nothing is known."""
    pid, birth = writer.get("pid"), writer.get("born")
    if writer.get("place") != place() or type(pid) is not int or not isinstance(birth, str) or not birth:
        return False
    return born(pid) != birth


def age(path: Path) -> float:
    """Seconds since a recording, or the log beside it, was written."""
    newest = 0.0
    for ending in ("", "-wal"):
        with suppress(OSError):
            newest = max(newest, path.with_name(path.name + ending).stat().st_mtime)
    return max(time.time() - newest, 0.0)


def place() -> str:
    """This machine, or the part of it that shares its process numbers with us."""
    space = ""
    with suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    return f"{platform.node()} {space}"


def born(pid: int) -> str:
    """When a process began, in its machine's own count; empty if there is none, or no way to know."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]  # one that is dead and not yet buried does not write
    return ""
