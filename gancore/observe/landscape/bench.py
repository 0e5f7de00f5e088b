"""What a bench shows, as named arrays: walks, fields, eigenvalues and radii of all methods that stand on it."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.observe.landscape.lab import Lab
from gancore.observe.landscape.methods import Method
from gancore.observe.landscape.motion import FAR, field, spectrum, walk
from gancore.observe.probes.plane import outlines

SIZES = np.geomspace(0.01, 2.5, 121)  # step sizes along which radii are drawn
MEASURED = SIZES[12:-1:12]  # those at which they are measured
DOWN = 7  # arrows across the height of a field
NEAREST = 1e-12  # a distance below is drawn as this: rounding is not far


def facts(lab: Lab, aspect: float) -> tuple[Frame, tuple[str, ...]]:
    """The frame of a bench whose fields are `aspect` times as wide as high, and the names of what has a row an iteration.

    Of method i: the walk `x`, `y` and its distance `r`, the `field`, eigenvalues `re`, `im`, the radius by `formula` and as
    `measured`, `predicted` distances, and both kinds of radius along step sizes.
    """
    reach = window(lab, aspect)
    arrays = {
        "steps": np.arange(lab.iterations + 1.0),
        "all_steps": np.arange(lab.iterations + 1.0),
        "span": np.array([0.0, lab.iterations]),
        "start_x": np.array([lab.theta]),
        "start_y": np.array([lab.psi]),
        "x_range": np.array([-reach[0], reach[0]]),
        "y_range": np.array([-reach[1], reach[1]]),
        "sizes": SIZES,
        "sizes_measured": MEASURED,
        "h": np.array([lab.h, lab.h]),
    }
    for i, method in enumerate(lab.methods):
        own = walked(lab, method) | ground(lab, method, reach) | at_rest(lab, method)
        arrays |= {f"{name}{i}": array for name, array in own.items()}
    cut = ("steps", *(f"{name}{i}" for i in range(len(lab.methods)) for name in "xyr"))
    return Frame(lab.iterations, arrays), cut


def window(lab: Lab, aspect: float) -> tuple[float, float]:
    """Half the width and half the height of what is seen: twice as much for a start far out."""
    high = 2.2 if max(abs(lab.theta), abs(lab.psi)) <= 2 else 4.4
    return (high * aspect, high) if aspect > 1 else (high, high / aspect)


def walked(lab: Lab, method: Method) -> dict[str, np.ndarray]:
    x, y = walk(lab.config(method), lab.at, lab.iterations).T
    return {"x": x, "y": y, "r": np.maximum(np.hypot(x, y), NEAREST)}


def ground(lab: Lab, method: Method, reach: tuple[float, float]) -> dict[str, np.ndarray]:
    """Arrows along the first iteration from every place: the longest that are not rare are as long as a cell is high."""
    across = round(DOWN * reach[0] / reach[1])
    grid, moved = field(lab.config(method), reach, across, DOWN)
    longest = np.quantile(np.hypot(*moved.T), 0.95)
    cell = 2 * reach[1] / DOWN
    size = np.hypot(*moved.T)[:, None] / max(longest, 1e-12)
    # Shorter than they are, but not so short that slow places look empty; none longer than a cell.
    steps = moved / np.maximum(np.hypot(*moved.T)[:, None], 1e-12) * np.minimum(size, 1) ** 0.6
    lines = outlines(grid - 0.4 * cell * steps, steps, 0.8 * cell)
    return {"field_x": lines[..., 0].ravel(), "field_y": lines[..., 1].ravel()}


def at_rest(lab: Lab, method: Method) -> dict[str, np.ndarray]:
    """At the equilibrium: what theory says of the update and what is measured."""
    slope, sizes = lab.toy.slope, along(method, lab.toy.slope)
    known = method.radius(lab.h, slope)
    gap = np.array([np.nan])
    own = {"formula": np.array(np.nan if known is None else round(known, 6)), "curve": sizes}
    if not method.smooth:
        empty = {name: gap for name in ("re", "im", "predicted", "tried", "dot")}
        return own | empty | {"measured": np.array(np.nan)}
    seen = spectrum(lab.config(method), method.period)
    values = seen.eigenvalues.astype(complex) ** (1 / method.period)  # of a longer period, per iteration
    return own | {
        "re": values.real,
        "im": values.imag,
        "measured": np.array(round(seen.radius, 6)),
        "dot": np.array([seen.radius]),
        "predicted": foretold(math.hypot(*lab.at) * seen.radius ** np.arange(lab.iterations + 1.0)),
        "tried": np.array([spectrum(config, method.period).radius for config in at_sizes(lab.game, method)]),
    }


def foretold(distances: np.ndarray) -> np.ndarray:
    """Distances as far as a walk would be drawn."""
    return np.where((distances > NEAREST) & (distances < FAR), distances, np.nan)


@lru_cache(maxsize=256)
def along(method: Method, slope: float) -> np.ndarray:
    """The closed form over step sizes, a gap where there is none."""
    return np.array([np.nan if (rho := method.radius(h, slope)) is None else rho for h in SIZES])


@lru_cache(maxsize=256)
def at_sizes(game: str, method: Method) -> tuple[Config, ...]:
    lab = Lab(game=game)
    return tuple(Lab.config(lab.with_("h", h), method) for h in MEASURED)
