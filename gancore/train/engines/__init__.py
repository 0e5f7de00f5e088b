"""Engines: how iterations are carried out. All of the processor give the same bits; the plain one is easiest to read."""

from gancore.train.engines.captured import Captured, asked, on_cuda
from gancore.train.engines.compiled import Compiled
from gancore.train.engines.eager import Eager
from gancore.train.engines.looped import Looped

ENGINES = {"eager": Eager, "looped": Looped, "compiled": Compiled, "captured": Captured}


def usual() -> str:
    """The engine that plays unless another is named."""
    return "compiled" if asked() == "cpu" else "captured"


__all__ = ["ENGINES", "on_cuda", "usual"]
