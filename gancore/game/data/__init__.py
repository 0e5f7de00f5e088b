"""The real side of the game. Every module in this folder puts its choices on the `data` catalog."""

import importlib
import pkgutil

from gancore.game.data.shelf import data

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["data"]
