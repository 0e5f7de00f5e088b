"""What the two players minimise. Every module in this folder puts its choices on the `losses` catalog."""

import importlib
import pkgutil

from gancore.game.losses.shelf import losses

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["losses"]
