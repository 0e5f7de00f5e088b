"""The shelf that probes stand on: a function from a `Look` to arrays, under the name that panels ask for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

PROBES: dict[str, Callable[..., dict[str, np.ndarray]]] = {}


def probe(function: Callable) -> Callable:
    """Puts a probe on the shelf under its own name, dashes for underscores."""
    PROBES[function.__name__.replace("_", "-")] = function
    return function
