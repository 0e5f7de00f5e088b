"""Probes turn a moment of a run into named arrays. Every module in this folder adds its own to the shelf."""

import importlib
import pkgutil

from gancore.observe.probes.shelf import PROBES, Probe, find, light

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["PROBES", "Probe", "find", "light"]
