"""`import`: brings the user's own pictures or points in under a name, by which settings and links can mean them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gancore.catalog import Knob
from gancore.game import intake
from gancore.game.data import stored

NAME = Knob("name", "mine")
SIDE = Knob("side", intake.FILE_SIDE, 8, 64)


def bring(asked) -> int:
    """Reads, checks and keeps a set. Raises `BadKnob` or `BadFile` for what cannot be used."""
    name, side = NAME.parse(asked.name), None if asked.side is None else SIDE.parse(asked.side)
    for kind in stored.KINDS:
        stored.new(kind, name)
    kind, array = intake.read(Path(asked.path).expanduser(), side)
    path = stored.save(kind, name, array)
    print(f"{name}: {said(kind, array)}, kept in {path}\nPlay on it with data = own-{kind}, data.set = {name}")
    return 0


def said(kind: str, array: np.ndarray) -> str:
    """What was found, in words."""
    if kind == "points":
        return f"{len(array):,} points"
    n, channels, height, width = array.shape
    return f"{n:,} pictures of {width}x{height} pixels, {'grey' if channels == 1 else 'in colour'}"
