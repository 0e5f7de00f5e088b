"""The shelf that probes stand on: a function from a `Look` to arrays, under the name that panels ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

PROBES: dict[str, Callable[..., dict[str, np.ndarray]]] = {}
LIGHT: set[str] = set()  # those that read scalars and ask no net: they cost nothing that grows with the nets
OF_ONE: dict[str, Callable[..., dict[str, np.ndarray]]] = {}  # asked for with a number, as `inspect:17`
DIGITS = 4  # of a sample's number at most: a reader may write anything.


def probe(function: Callable) -> Callable:
    """Puts a probe on the shelf under its own name, dashes for underscores."""
    PROBES[function.__name__.replace("_", "-")] = function
    return function


def light_probe(function: Callable) -> Callable:
    """Puts on the shelf a probe that reads the past of scalars alone."""
    probe(function)
    LIGHT.add(function.__name__.replace("_", "-"))
    return function


def probe_of_one(function: Callable) -> Callable:
    """Puts on the shelf a probe of one sample: it is also given which."""
    OF_ONE[function.__name__.replace("_", "-")] = function
    return function


def find(name: str) -> Callable[..., dict[str, np.ndarray]] | None:
    """The probe that a reader asks for by this name, a plain one or one of one sample; None if there is no such."""
    plain, _, which = name.partition(":")
    if plain in OF_ONE and which.isdecimal() and len(which) <= DIGITS:
        return partial(OF_ONE[plain], at=int(which))
    return PROBES.get(name)
