"""Engines: how the moves of a game are carried out. All give the same bits; the plain one is easiest to read."""

from gancore.train.engines.traced import Traced
from gancore.train.moves import Moves

ENGINES = {"eager": Moves, "traced": Traced}

__all__ = ["ENGINES"]
