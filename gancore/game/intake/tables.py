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
    over. Raises `BadFile`, which names the line and the column.
    """
    if path.stat().st_size > limits.FILE:
        raise BadFile(f"{path} has {path.stat().st_size / 1e6:,.0f} MB: give {limits.FILE / 1e6:,.0f} MB at most")
    return parsed(path, path.read_bytes())


def parsed(place, content: bytes) -> np.ndarray:
    """What `points` does, once the file is read; messages call it `place`."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        raise BadFile(f"{place} is not text ({problem}): give a line x,y for each point") from None
    rows = [_row(place, number, line) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    found = [row for row in rows if row is not None]
    if not 2 <= len(found) <= limits.POINTS:
        raise BadFile(f"{place} has {len(found):,} points: give 2 to {limits.POINTS:,}")
    return np.array(found, np.float32)


def _row(place, number: int, line: str) -> tuple[float, float] | None:
    """One point, or None for a heading."""
    cells = BETWEEN.split(line.strip())
    values = [_value(cell) for cell in cells]
    if number == 1 and values.count(None) == len(cells) and not re.search(r"(?:^|[,;\s])[-+.]?\d", line):
        return None
    if len(cells) != 2:
        columns = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
        raise BadFile(f"{place}, line {number}: {line[:40]!r} is no point: it has {columns}, give two numbers, x and y")
    for column, (cell, value) in enumerate(zip(cells, values), 1):
        where = f"{place}, line {number}, column {column}: {cell[:40]!r}"
        if value is None:
            raise BadFile(f"{where} is no number: give two numbers, x and y")
        if not abs(value) <= 1e6:  # also refuses what is not a number
            raise BadFile(f"{where} is too far out: give numbers from -1,000,000 to 1,000,000")
    return values[0], values[1]


def _value(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
