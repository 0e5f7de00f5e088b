"""Points that come as a table of two columns."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from gancore.game.data.idx import BadFile
from gancore.game.intake import limits

WORDS = ("nan", "inf", "-nan", "-inf")  # that Python takes for numbers
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
    if (
        number == 1
        and not re.search(r"(?:^|[,;\s])[-+.]?\d", line)
        and not any(cell.lower() in WORDS for cell in cells)
    ):
        return None
    if len(cells) != 2:
        have = f"{len(cells)} columns" if len(cells) > 1 else "1 column"
        raise BadFile(f"{place}, line {number} has {have}: {line[:40]!r} is no point, give two numbers, x and y")
    return _number(place, number, 1, cells[0]), _number(place, number, 2, cells[1])


def _number(place, line: int, column: int, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise BadFile(f"{place}, line {line}, column {column}: {cell[:40]!r} is no number") from None
    if not abs(value) <= 1e6:  # also refuses what is not a number
        raise BadFile(
            f"{place}, line {line}, column {column}: {cell[:40]!r} is too far out: give numbers from -1,000,000 to 1,000,000"
        )
    return value
