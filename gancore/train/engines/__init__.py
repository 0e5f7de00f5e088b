"""Engines: how iterations are carried out. All give the same bits; the plain one is easiest to read."""

from gancore.train.engines.compiled import Compiled
from gancore.train.engines.eager import Eager
from gancore.train.engines.looped import Looped

ENGINES = {"eager": Eager, "looped": Looped, "compiled": Compiled}

__all__ = ["ENGINES"]
