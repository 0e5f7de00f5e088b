"""What can go wrong with a GAN, one class each: every module in this folder adds its own to the catalog."""

import importlib
import pkgutil

from gancore.observe.diagnoses.shelf import diagnoses

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["diagnoses"]
