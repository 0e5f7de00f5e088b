"""The players. Every module in this folder puts its choices on the `networks` catalog."""

import importlib
import pkgutil

from gancore.game.networks.custom import own
from gancore.game.networks.shelf import networks

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["networks", "own"]
