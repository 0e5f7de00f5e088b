"""The shelf that probes stand on: a function from a `Look` to arrays, under the name that panels ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np


@dataclass(frozen=True)
class Probe:
    """What is computed of a look. A light one reads scalars and asks no net: it costs nothing that grows with the nets."""

    arrays: Callable[..., dict[str, np.ndarray]]
    light: bool = False

    def __call__(self, look) -> dict[str, np.ndarray]:
        return self.arrays(look)


PROBES: dict[str, Probe] = {}
OF_ONE: dict[str, Callable[..., dict[str, np.ndarray]]] = {}  # asked for with a number, as `inspect:17`
DIGITS = 4  # of a sample's number at most: a reader may write anything.


def probe(function: Callable) -> Callable:
    """Puts a probe on the shelf under its own name, dashes for underscores."""
    PROBES[function.__name__.replace("_", "-")] = Probe(function)
    return function


def light_probe(function: Callable) -> Callable:
    """Puts on the shelf a probe that reads the past of scalars alone."""
    PROBES[function.__name__.replace("_", "-")] = Probe(function, light=True)
    return function


def probe_of_one(function: Callable) -> Callable:
    """Puts on the shelf a probe of one sample: it is also given which."""
    OF_ONE[function.__name__.replace("_", "-")] = function
    return function


def light(names: Iterable[str]) -> set[str]:
    """Those of these probes that are light."""
    return {name for name in names if name in PROBES and PROBES[name].light}


def find(name: str) -> Callable[..., dict[str, np.ndarray]] | None:
    """The probe that a reader asks for by this name, a plain one or one of one sample; None if there is no such."""
    plain, _, which = name.partition(":")
    if plain in OF_ONE and which.isdecimal() and len(which) <= DIGITS:
        return partial(OF_ONE[plain], at=int(which))
    return PROBES.get(name)
