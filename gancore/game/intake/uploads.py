"""Points that visitors of a server bring in through the browser: checked, kept under a name of their own, in bounded room.

Any thread of the one server process may call this. A set's name holds a digest of its points: the same file is kept once
however many bring it, another file never takes its place, and a name cannot be guessed from the file's.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading

from gancore.game.data import stored
from gancore.game.data.idx import BadFile
from gancore.game.intake import tables

FILE = 4 << 20  # bytes of an upload
POINTS = 100_000  # of an upload
SETS = 500  # kept at most, 400 MB if all are as large as can be; the ones brought in longest ago go first
LETTERS = 24  # of the file's own name that the set's keeps

_one = threading.Lock()


def keep(file: str, content: bytes) -> tuple[str, int]:
    """The name of the set that a CSV file's points are kept under, and how many there are.

    Raises `BadFile`, which names the line and the column.
    """
    if len(content) > FILE:
        raise BadFile(f"{file} has {len(content) / 1e6:,.1f} MB: give {FILE / 1e6:,.1f} MB at most")
    points = tables.parsed(file, content)
    if len(points) > POINTS:
        raise BadFile(f"{file} has {len(points):,} points: give {POINTS:,} at most")
    name = f"{slug(file)}-{hashlib.sha256(points.tobytes()).hexdigest()[:10]}"
    with _one:
        path = stored.folder() / stored.UPLOADS / f"{name}.npz"
        if path.exists():
            os.utime(path)
        else:
            stored.save(stored.UPLOADS, name, points)
            prune()
    return name, len(points)


def slug(file: str) -> str:
    """What of a file's name may stand in a set's."""
    return re.sub(r"[^a-z0-9]+", "-", file.lower().rsplit(".", 1)[0])[:LETTERS].strip("-") or "points"


def prune() -> None:
    """Removes what is too much. Runs that have such a set open keep it."""
    held = sorted((stored.folder() / stored.UPLOADS).glob("*.npz"), key=lambda path: path.stat().st_mtime)
    for path in held[:-SETS]:
        path.unlink(missing_ok=True)
