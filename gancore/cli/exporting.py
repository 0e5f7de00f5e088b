"""`export`: a recording in a format of somebody else's."""

from __future__ import annotations

from gancore.record.export import export


def give(asked) -> int:
    """Writes the file and says which. Raises `BadKnob` for a run or format that is not there."""
    print(export(asked.run, asked.to))
    return 0
