"""What can be seen in the plane: where samples lie, what D says everywhere, where it sends them, which modes are reached."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch

from gancore import seeds
from gancore.observe.look import SCORED
from gancore.observe.metrics.line import optimal_d
from gancore.observe.metrics.plane import SIDE, level
from gancore.observe.probes.line import best_between
from gancore.observe.probes.shelf import probe

ARROWS = 60
CROWD = (
    8000  # generated samples behind a density: D* of the 2,000 that are scored would be off by 0.03 for chance alone
)
LENGTH = 0.1  # of the window's wider side: what the arrow of the stated length takes
HEAD = 0.25  # of an arrow, or of half the stated length if it is longer than that
TOWARDS_REAL, TOWARDS_GENERATED = (0, 114, 178), (213, 94, 0)
DENSEST = 150  # alpha where D is sure


@probe
def points(look):
    """G of the first fixed z, as coordinates (n,) float32; a point that is not finite is a gap."""
    x, y = finite(look.fake[:SCORED].numpy()).T
    return {"fake_x": x, "fake_y": y}


@probe
def ema_points(look):
    """What G's running mean makes of the same z."""
    x, y = finite(look.ema_fake[:SCORED].numpy()).T
    return {"ema_x": x, "ema_y": y}


@probe
def field(look):
    """D over the window as a picture."""
    return painted("d", look.field, look.loss)


@probe
def undecided(look):
    """The line on which D cannot tell."""
    x, y = level(look.field.reshape(SIDE, SIDE) - look.loss.undecided, look.fixed.source.window)
    return {"undecided_x": x, "undecided_y": y}


@probe
def best_field(look):
    """D* over the window as a picture; nothing where neither density reaches, or where it is unknown."""
    return painted("best", star(look), look.loss)


@probe
def field_difference(look):
    """D - D* over the window as a picture."""
    return painted("difference", look.field - star(look), look.loss, middle=0.0)


@probe
def reading(look):
    """What is true at each cell: D, and where they are known both densities, as D is shown them, and their ratio.

    Grids (SIDE, SIDE) float32, y up the rows. A density is the mean over its cell, blurred by one cell; the ratio has a
    gap where neither reaches.
    """
    grids = {"d_at": look.field}
    if look.fixed.reference.p is not None:
        p, q = (mass.ravel() / np.prod(look.fixed.reference.cell) for mass in densities(look))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(np.isfinite(optimal_d(p, q)), p / q, np.nan)
        grids |= {"p_at": p, "q_at": q, "ratio_at": ratio}
    with np.errstate(over="ignore"):  # a ratio beyond float32 is endless
        return {name: grid.reshape(SIDE, SIDE).astype(np.float32) for name, grid in grids.items()}


@probe
def arrows(look):
    """The true -∂L_G/∂x at generated samples, as outlines of arrows; `arrow_unit` is the slope that `LENGTH` stands for."""
    x = look.fake[:SCORED]
    slope = finite(look.game.pull(look.state, x, look.fixed.real[:SCORED]).numpy()[:ARROWS].astype(np.float64))
    unit = round_up(float(np.nanquantile(np.hypot(*slope.T), 0.9)) if np.isfinite(slope).any() else 0.0)
    window = look.fixed.source.window
    lines = outlines(finite(x[:ARROWS].numpy()), slope / unit, LENGTH * max(high - low for low, high in window))
    return {"arrow_x": lines[..., 0].ravel(), "arrow_y": lines[..., 1].ravel(), "arrow_unit": np.array(unit)}


@probe
def sliced(look):
    """Sliced Wasserstein-1 and JSD to the data over time. Their floors stand in the figure: they never change."""
    known, x = look.fixed.reference, look.fake.numpy()
    return look.keep(("sw1", "jsd"), lambda: (known.sliced(x), known.jsd(x))) | {"time": look.time}


@probe
def neighbours(look):
    """Coverage and 1-NN accuracy over time: whether the samples could be told from the data by their neighbours."""
    told = look.fixed.reference.told
    return look.keep(("coverage", "one_nn"), lambda: told(look.fake.numpy())) | {"time": look.time}


def finite(x: np.ndarray) -> np.ndarray:
    """Points (n, 2) of which those that are not finite are gaps."""
    return np.where(np.isfinite(x).all(1, keepdims=True), x, x.dtype.type(np.nan))


def star(look) -> np.ndarray:
    """D* at the centres of the cells, (SIDE²,): of both densities as D is shown them, and through the grid's blur."""
    if look.fixed.reference.p is None:
        return np.full(SIDE * SIDE, np.nan)
    p, q = (cells.ravel() for cells in densities(look))
    return best_between(look, p, q, torch.log(torch.from_numpy(p).float()), look.field)


def densities(look) -> tuple[np.ndarray, np.ndarray]:
    """The data's and the generated samples' share of each cell (SIDE, SIDE), blurred while the input adds noise."""
    known, sigma = look.fixed.reference, look.game.input.noise(look.state.iteration)
    many = look.game.generate(look.state, crowd(look.game.noise))
    pair = known.p, known.share(many.numpy())
    return tuple(known.blurred(cells, sigma) for cells in pair) if sigma else pair


@lru_cache(maxsize=16)
def crowd(noise) -> torch.Tensor:
    """The z behind densities, the same for every run of this prior, (CROWD, dim)."""
    return noise.sample(CROWD, seeds.stream(0, "look/crowd"))


def painted(name: str, said: np.ndarray, loss, middle: float | None = None) -> dict[str, np.ndarray]:
    """What D says (SIDE²,) as a picture (SIDE, SIDE, 4) from the top, and what its strongest colours stand for.

    Blue where it is above the middle (real), orange below (generated), clear at it and where nothing is known.
    """
    middle = loss.undecided if middle is None else middle
    away = (said - middle).reshape(SIDE, SIDE)[::-1]
    widest = max(abs(end - loss.undecided) for end in loss.span) if loss.span else 1e9
    most = min(round_up(float(np.abs(away[np.isfinite(away)]).max(initial=1e-4))), widest)
    sure = np.nan_to_num(away / most, posinf=1, neginf=-1).clip(-1, 1)
    picture = np.empty((SIDE, SIDE, 4), np.uint8)
    picture[..., :3] = np.where(sure[..., None] > 0, TOWARDS_REAL, TOWARDS_GENERATED)
    picture[..., 3] = DENSEST * np.abs(sure)
    low, high = (float(f"{end:.5g}") for end in (middle - most, middle + most))
    return {f"{name}_image": picture, f"{name}_low": np.array(low), f"{name}_high": np.array(high)}


def outlines(tail: np.ndarray, step: np.ndarray, length: float) -> np.ndarray:
    """Arrows from `tail` (n, 2) along `step` (n, 2), of which 1 is as long as `length`; (n, 6, 2), the last row a gap."""
    tip = tail + length * step
    size = np.hypot(*step.T)[:, None]
    back = -step / np.maximum(size, 1e-30) * HEAD * length * np.minimum(size, 0.5)
    side = np.stack([-back[:, 1], back[:, 0]], 1) / 2
    return np.stack([tail, tip, tip + back + side, tip + back - side, tip, np.full_like(tip, np.nan)], 1).astype("f4")


def round_up(value: float) -> float:
    """The first of 1, 2, 5, 10, ... times a power of ten that is not below `value`."""
    ten = 10.0 ** math.floor(math.log10(max(value, 1e-12)))
    return float(f"{next(step * ten for step in (1, 2, 5, 10) if value <= step * ten * (1 + 1e-9)):.0e}")
