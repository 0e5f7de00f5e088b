"""Published experiments with their whole protocol. Every module in this folder puts its own on the `experiments` catalog."""

import importlib
import pkgutil

from gancore.reproduce.experiment import experiments

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["experiments"]
