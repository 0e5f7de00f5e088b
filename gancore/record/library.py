"""The folder of recordings: kept within a budget, oldest first out, never one that somebody still writes."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from pathlib import Path

from gancore.record import store, writer
from gancore.record.checking import check
from gancore.record.store import RecordingError, kindly

BUDGET = 2 << 30  # bytes
DELETED = ".deleted"  # the folder in the folder for what can still be brought back
TEXT = 2000  # characters of a name or a note
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


def annotate(path: Path, key: str, text: str) -> None:
    """Sets a recording's `name` or `note`, also while its run is still being trained."""
    if key not in ("name", "note"):
        raise ValueError(f"{key} cannot be set: name and note can")
    with kindly(path, "write"), contextlib.closing(store.connect(path, "rw")) as database:
        store.facts(database)
        store.tell(database, key, text[:TEXT])


def delete(path: Path) -> Path:
    """Takes a recording out of the library. Where it lies now it can be brought back from until the server starts again."""
    if in_use(path):
        raise RecordingError(
            f"cannot delete the recording {path.stem}: it is still being trained or looked at. Leave it first."
        )
    with kindly(path, "write"):
        gone = path.parent / DELETED / path.name
        gone.parent.mkdir(exist_ok=True)
        return path.rename(gone)


def restore(gone: Path) -> Path:
    """Brings a deleted recording back."""
    with kindly(gone, "write"):
        return gone.rename(gone.parent.parent / gone.name)


def take_in(folder: Path, data: bytes, facts: dict[str, str]) -> Path:
    """Adds a recording from elsewhere, once it was read from end to end. Its name in the folder is a new one."""
    path = folder / f"{secrets.token_urlsafe(12)}-0.sqlite"
    half = path.with_name(f".{path.name}.half")
    try:
        with kindly(path, "write"):
            folder.mkdir(parents=True, exist_ok=True)
            half.write_bytes(data)
        check(half)
        with kindly(path, "write"), contextlib.closing(store.connect(half, "rw")) as database:
            database.execute("PRAGMA journal_mode = DELETE")
            for key, value in {**facts, writer.FACT: writer.closed()}.items():
                store.tell(database, key, value)
        return half.rename(path)
    finally:
        remove(half)


def empty_deleted(folder: Path) -> None:
    """Lets go of what was deleted before."""
    for path in (folder / DELETED).glob("*.sqlite"):
        with contextlib.suppress(OSError):
            remove(path)


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
