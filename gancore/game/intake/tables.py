"""Points that come as a table of two columns."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from gancore.game.data.idx import BadFile
from gancore.game.intake import limits

BETWEEN = re.compile(r"\s*[,;]\s*|\s+")


def points(path: Path) -> np.ndarray:
    """The points of a CSV file, float32 (N, 2).

    A line each, x and y with a comma, semicolon or blank between; a first line of words and lines from # on are passed
    over. Raises `BadFile`, which names the line.
    """
    if path.stat().st_size > limits.FILE:
        raise BadFile(f"{path} has {path.stat().st_size / 1e6:,.0f} MB: give {limits.FILE / 1e6:,.0f} MB at most")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        raise BadFile(f"{path} is not text ({problem}): give a line x,y for each point") from None
    rows = [_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    found = [row for row in rows if row is not None]
    if not 2 <= len(found) <= limits.POINTS:
        raise BadFile(f"{path} has {len(found):,} points: give 2 to {limits.POINTS:,}")
    return np.array(found, np.float32)


def _row(path: Path, number: int, line: str) -> tuple[float, float] | None:
    """One point, or None for a heading."""
    try:
        x, y = map(float, BETWEEN.split(line.strip()))
    except ValueError:
        if number == 1 and not re.search(r"(?:^|[,;\s])[-+.]?\d", line):
            return None
        raise BadFile(f"{path}, line {number}: {line[:40]!r} is no point: give two numbers, x and y") from None
    if not (abs(x) <= 1e6 and abs(y) <= 1e6):  # also refuses what is not a number
        raise BadFile(f"{path}, line {number}: {line[:40]!r} is too far out: give numbers from -1,000,000 to 1,000,000")
    return x, y
