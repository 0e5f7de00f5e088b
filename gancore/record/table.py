"""A recording's numbers as text that spreadsheets read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gancore.record.reader import Reader

ROWS = 10_000  # read at a time


def scalars_csv(path: Path) -> Iterator[str]:
    """Every iteration's scalars as CSV, line by line, also of a recording that grows meanwhile."""
    with Reader(path) as reader:
        yield ",".join(["iteration", *reader.names]) + "\n"
        first = 0
        while True:
            iterations, values = reader.scalars(first, first + ROWS - 1)
            if not len(iterations) and first > reader.last():
                return
            for iteration, row in zip(iterations.tolist(), values.tolist()):
                yield f"{iteration}," + ",".join(repr(value) for value in row) + "\n"
            first += ROWS
