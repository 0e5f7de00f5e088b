"""The SQLite file under a recording: how it is made, opened and changed, and what a person reads when that fails."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import sqlite3
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import safetensors

FORMAT = 3
PAGE = 16384  # bytes; measured: a 5 MB checkpoint takes 10 to 20 ms, with 4096 (the usual size) 26 to 37 ms
LOG_LIMIT = 32 << 20  # bytes to which the write-ahead log shrinks again after a large checkpoint
LARGEST = 256 << 20  # bytes of one value: what is larger was not written here, and is never taken into memory
LATEST = 32_503_680_000  # seconds since 1970: the year 3000
FACTS = 1 << 20  # characters of all that `meta` holds

TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, iteration INTEGER NOT NULL, what TEXT NOT NULL, wall REAL NOT NULL)",
    "CREATE TABLE scalars (first_iteration INTEGER PRIMARY KEY, n INTEGER NOT NULL, block BLOB NOT NULL)",
    "CREATE TABLE measured (iteration INTEGER NOT NULL, name TEXT NOT NULL, value REAL, PRIMARY KEY (iteration, name))"
    " WITHOUT ROWID",
    "CREATE TABLE frames (iteration INTEGER PRIMARY KEY, wall REAL NOT NULL, payload BLOB NOT NULL)",
    "CREATE TABLE checkpoints"
    " (iteration INTEGER PRIMARY KEY, wall REAL NOT NULL, payload BLOB NOT NULL, extra TEXT NOT NULL)",
)


class RecordingError(OSError):
    """A recording cannot be made, written or read. The message says which, why, and what to do."""


def create(path: Path, facts: dict[str, Any]) -> None:
    """A new file with these facts, in a folder that is made if need be: whole or not there at all. Never replaces a file."""
    rows = [(key, json.dumps(value)) for key, value in {"format": FORMAT, **facts}.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        with contextlib.closing(connect(half, "rw")) as database:
            database.execute(f"PRAGMA page_size = {PAGE}")
            with transaction(database):
                for table in TABLES:
                    database.execute(table)
                database.executemany("INSERT INTO meta VALUES (?, ?)", rows)
        try:
            os.link(half, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """An autocommitting connection to an existing file. SQLite itself serialises the threads that share it."""
    database = sqlite3.connect(address(path, mode), uri=True, isolation_level=None, check_same_thread=False)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    database.execute("PRAGMA trusted_schema = OFF")
    return database


def address(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


def let_grow(database: sqlite3.Connection) -> None:
    """Prepares for one writer and many readers. A power cut may cost the last commits, never the file."""
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}")


def fold(database: sqlite3.Connection) -> None:
    """Folds the log into the file, so that it can be sent around. While somebody reads, the emptied log stays beside it."""
    database.execute("PRAGMA busy_timeout = 0")
    with contextlib.suppress(sqlite3.OperationalError):
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        database.execute("PRAGMA journal_mode = DELETE")


def facts(database: sqlite3.Connection) -> dict[str, Any]:
    """What `create` was given, and what was told since. Fails on a file of another format or with other tables."""
    found = database.execute("SELECT key, value FROM meta WHERE typeof(value) = 'text' AND length(value) < ?", (FACTS,))
    known = {key: json.loads(value) for key, value in found}
    if known.get("format") != FORMAT:
        raise sqlite3.DatabaseError(f"its format is {known.get('format')}, this version reads {FORMAT}")
    # A view or a trigger under one of our names would be run by the questions that we ask.
    if sorted(sql for (sql,) in database.execute("SELECT ifnull(sql, type) FROM sqlite_master")) != sorted(TABLES):
        raise sqlite3.DatabaseError("its tables are not those that GANscope makes")
    names, config = known.get("names"), known.get("config")
    if not isinstance(config, dict) or not isinstance(names, list) or not 0 < len(names) <= 256:
        raise sqlite3.DatabaseError("it does not say which run this is")
    created = known.get("created")
    if not all(isinstance(name, str) for name in names) or not (
        isinstance(created, int | float) and 0 <= created < LATEST
    ):
        raise sqlite3.DatabaseError("what it says of its run cannot be read")
    return known


def tell(database: sqlite3.Connection, key: str, value: Any) -> None:
    """Sets one of the facts."""
    database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # on a full disk SQLite has rolled back by itself
            database.execute("ROLLBACK")
        raise


HINTS = {
    "write": "make room on that disk, or set GANSCOPE_RUNS to a folder that has room and that you may write to",
    "read": "give a file that GANscope recorded and that you may read",
}


# What a file made by somebody else, or damaged, may lead to when its contents are taken for what they should be.
STRANGE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    struct.error,
    zlib.error,
)


@contextlib.contextmanager
def kindly(path: Path, verb: str) -> Iterator[None]:
    """Turns what the disk, SQLite or the contents say into a `RecordingError` that tells a person what to do."""
    try:
        yield
    except RecordingError:
        raise
    except (sqlite3.Error, OSError, safetensors.SafetensorError, *STRANGE) as error:
        if verb == "write" and isinstance(error, STRANGE):
            raise  # a mistake of the caller's
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        reason = reason if len(reason) < 300 else reason[:300] + " ..."
        raise RecordingError(f"cannot {verb} the recording {path}: {reason}. What to do: {HINTS[verb]}.") from error
