"""The folder of recordings: kept within a budget, oldest first out, never one that somebody still writes."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from gancore.record import store

BUDGET = 2 << 30  # bytes
BESIDE = ("", "-wal", "-shm")  # what SQLite may put beside a file while somebody writes it


def prune(folder: Path, budget: int = BUDGET) -> list[Path]:
    """Deletes the oldest recordings until the rest fit into `budget` bytes. Returns those deleted.

    May run in any process at any time: one that another connection holds open is passed over, whoever holds it.
    """
    recordings = sorted(folder.glob("*.sqlite"), key=_age)
    excess, gone = sum(map(size, recordings)) - budget, []
    for path in recordings:
        if excess <= 0:
            break
        taken = size(path)
        if not in_use(path):
            with contextlib.suppress(OSError):  # another server may prune the same folder, or own this file
                remove(path)
                gone.append(path)
                excess -= taken
    return gone


def in_use(path: Path) -> bool:
    """Whether some process has this recording open for writing. What is no recording counts as in use: it is not ours."""
    try:
        with contextlib.closing(store.connect(path, "rw")) as database:
            database.execute("PRAGMA busy_timeout = 0")
            store.facts(database)
            # Leaving write-ahead mode takes the file alone; it also folds in the log of a worker that was killed.
            return database.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete"
    except sqlite3.Error:
        return True


def remove(path: Path) -> None:
    """Deletes a recording and what SQLite left beside it."""
    for ending in BESIDE:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def size(path: Path) -> int:
    """Bytes on disk, log included."""
    return sum(_stat(path.with_name(path.name + ending), "st_size") for ending in BESIDE)


def _age(path: Path) -> float:
    return max(_stat(path.with_name(path.name + ending), "st_mtime") for ending in BESIDE[:2])


def _stat(path: Path, what: str):
    try:
        return getattr(path.stat(), what)
    except OSError:
        return 0
