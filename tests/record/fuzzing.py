"""Recordings as somebody hostile, or a broken disk, would make them: each case is a number, and always the same file."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record.checking import check
from gancore.record.entry import Entry
from gancore.record.reader import Reader
from gancore.record.recording import Recording
from gancore.record.replay import Replay
from gancore.record.store import RecordingError
from gancore.run.recorded import Recorded
from gancore.train.trainer import SCALARS

BOMB = zlib.compress(zlib.compress(bytes(1 << 28), 9), 9)  # 256 MB in some hundred bytes, packed twice


def sound(path: Path) -> Path:
    """A small recording in which everything occurs."""
    recording, chance = Recording.create(path, Config().flat(), SCALARS), np.random.default_rng(0)
    for first in range(1, 400, 100):
        recording.scalars(first, chance.normal(size=(100, 6)).astype("f4"))
        recording.frame(
            first,
            Frame(
                first, {"p_g": chance.normal(size=50), "grid": np.zeros((4, 4), "u1")}, {"d_updates": first}
            ).encode(),
        )
        recording.measured(first, {"w1": 0.5, "jsd": float("nan")})
        recording.event(first, "d_opt.lr=0.01")
        recording.checkpoint(
            first, {"g": torch.ones(9), "d": torch.ones(9)}, {"config": Config().to_json(), "events": []}
        )
    recording.close()
    return path


def damaged(whole: bytes, case: int, path: Path) -> None:
    """Writes case number `case`: bytes turned, cut, moved, or contents that are not what their columns say."""
    chance = random.Random(case)
    data = bytearray(whole)
    kind = case % 8
    if kind == 0:  # a few bytes anywhere
        for _ in range(chance.choice([1, 2, 8, 64])):
            data[chance.randrange(len(data))] = chance.randrange(256)
    elif kind == 1:  # the head of the file, where SQLite looks first
        for _ in range(chance.choice([1, 2, 4])):
            data[chance.randrange(min(len(data), 2048))] = chance.randrange(256)
    elif kind == 2:  # cut
        del data[chance.randrange(len(data)) :]
    elif kind == 3:  # one part over another
        size = chance.choice([16, 512, 4096, 16384])
        start, into = chance.randrange(len(data)), chance.randrange(len(data))
        data[into : into + size] = data[start : start + size]
    elif kind == 4:  # noise
        start = chance.randrange(len(data))
        data[start : start + 4096] = chance.randbytes(min(4096, len(data) - start))
    path.write_bytes(data)
    if kind > 4:
        _forged(path, chance)


def _forged(path: Path, chance: random.Random) -> None:
    """A sound database that holds what no recording does."""
    odd = [
        None,
        -1,
        0,
        2**62,
        -(2**62),
        1e308,
        float("nan"),
        "",
        "x" * 50_000,
        b"",
        b"\xff" * 100,
        BOMB,
        "[" * 20_000,
        "{}",
        "[]",
        "\0",
    ]
    frames = [zlib.compress(_frame(chance)), zlib.compress(chance.randbytes(100)), BOMB, zlib.decompress(BOMB)]
    tensors = [
        struct.pack("<Q", 2**63 - 1) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        b"\x80\x04\x95garbage",
        _tensors(chance),
    ]
    database = sqlite3.connect(path, isolation_level=None)
    act = chance.randrange(10)
    try:
        if act < 4:
            table = chance.choice(["meta", "events", "scalars", "frames", "measured", "checkpoints"])
            column = chance.choice([row[1] for row in database.execute(f"PRAGMA table_info({table})")])
            database.execute(f"UPDATE OR REPLACE {table} SET {column} = ?", (chance.choice(odd),))
        elif act == 4:
            database.execute("UPDATE frames SET payload = ?", (chance.choice(frames),))
        elif act == 5:
            database.execute("UPDATE checkpoints SET payload = ?", (chance.choice(tensors),))
        elif act == 6:
            key = chance.choice(["format", "config", "names", "created", "frames", "name", "parent"])
            value = chance.choice(
                [3, [], {}, None, [1], ["a"] * 1000, {"made": "x"}, {"data": "../../etc/passwd"}, "x", 1e308]
            )
            database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))
        elif act == 7:
            n = chance.choice([-5, 0, 1, 99, 101, 2**40, 2**62])
            database.execute("UPDATE scalars SET n = ?", (n,))
        elif act == 8:
            database.execute(
                "UPDATE scalars SET first_iteration = first_iteration * ?", (chance.choice([-1, 3, 2**50]),)
            )
        else:
            _traps(database, chance)
    except sqlite3.Error:  # Not even SQLite would have made this: then it is a sound one, which has to pass.
        pass
    finally:
        database.close()


def _traps(database: sqlite3.Connection, chance: random.Random) -> None:
    """Things that would be run by whoever asks the tables."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i, i FROM n"
    trap = chance.choice(
        [
            "CREATE TRIGGER t AFTER UPDATE ON meta BEGIN DELETE FROM frames; END",
            f"ALTER TABLE frames RENAME TO f; CREATE VIEW frames AS {endless}",
            f"ALTER TABLE meta RENAME TO m; CREATE VIEW meta AS {endless}",
            "CREATE TABLE more (x)",
            "CREATE INDEX i ON events (what)",
            "DROP TABLE events",
            "ALTER TABLE events ADD COLUMN more AS (abs(-9223372036854775808))",
            "CREATE VIEW v AS SELECT load_extension('/tmp/x.so')",
        ]
    )
    database.executescript(trap)


def _frame(chance: random.Random) -> bytes:
    entry = {
        "dtype": chance.choice(["<f4", "|O", "<f8", "V8", 3]),
        "shape": chance.choice([[-1], [2**40], [2**31, 2**31], "x", [3.5], [0], [[1]], [1] * 70]),
        "offset": chance.choice([0, -8, 2**40, "0", 1.5]),
    }
    head = {
        "iteration": chance.choice([1, "x", None]),
        "info": chance.choice([{}, [], None, {"elapsed": "x"}]),
        "arrays": {"p_g": entry},
    }
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + bytes(64)


def _tensors(chance: random.Random) -> bytes:
    head = json.dumps(
        {"g": {"dtype": "F32", "shape": [chance.choice([2**40, -1, 4])], "data_offsets": [0, 16]}}
    ).encode()
    return struct.pack("<Q", len(head)) + head + bytes(16)


def outcome(path: Path) -> str:
    """`sound` or `refused`; anything but a `RecordingError` is raised. What is sound is then used as pages use it."""
    Entry.of(path)
    for use in (_look, _show):  # also what never went through `check`: a file that was laid into the folder
        with contextlib.suppress(RecordingError, BadKnob):
            use(path)
    try:
        check(path)
    except RecordingError as refusal:
        assert "What to do" in str(refusal)
        return "refused"
    _look(path)
    return "sound"


def _look(path: Path) -> None:
    with Replay(path) as replay:
        for at in (0, 150, replay.last):
            if frame := replay.frame(at):
                frame.encode()
    with Reader(path) as reader:
        reader.events(), reader.last_checkpoint(), reader.kept()


def _show(path: Path) -> None:
    json.dumps(Recorded(path).status())
