"""What can be seen on the line, where the truth is known: densities, the best D there is, distances."""

from __future__ import annotations

import math

import numpy as np
import torch

from gancore.observe.look import LINE_SAMPLES
from gancore.observe.metrics.line import optimal_d
from gancore.observe.metrics.quadrature import TINY
from gancore.observe.probes.every import critic_span
from gancore.observe.probes.shelf import probe

LARGEST = 100.0  # V beyond which a chart of it says nothing


@probe
def density(look):
    """Goodfellow et al. 2014, Figure 1: p_g, D and D* over the axis."""
    d = look.said_on_grid
    low, high = look.loss.span or critic_span(d)
    # Where only one density is left, some D* are infinite: a line that leaves the chart, not a gap.
    star = np.clip(best_d(look, d), 8 * low, 8 * high)
    return {"p_g": look.p_g, "d_x": d, "d_star": star, "d_range": np.array([low, high])}


@probe
def ema_density(look):
    """p_g of G's running mean."""
    return {"p_ema": look.fixed.reference.density(np.sort(look.ema_fake[:, 0].numpy()))}


def best_d(look, d: np.ndarray) -> np.ndarray:
    """D* on the grid (m,), NaN where it is unknown. One that is only defined up to a constant is moved to where D is."""
    p, q = densities(look)
    log_p = look.fixed.log_p if p is look.fixed.reference.p else torch.log(torch.from_numpy(p).float())
    return best_between(look, p, q, log_p, d)


def best_between(look, p: np.ndarray, q: np.ndarray, log_p: torch.Tensor, d: np.ndarray) -> np.ndarray:
    """D* of two densities on the same points, beside D there; all (m,)."""
    # Asked about a pack of one sample m times, D weighs the evidence m times.
    packs = look.game.input.packs
    star = look.loss.optimum(packs * log_p, packs * torch.log(torch.from_numpy(q).float()))
    if star is None:
        return np.full(len(d), np.nan)
    star = np.where(np.isfinite(optimal_d(p, q)), star.numpy(), np.nan)
    if not look.loss.up_to_a_constant:
        return star
    both = np.minimum(p, q) * np.isfinite(star)  # the mean difference, where both densities are
    return star + both @ np.where(both > 0, d - star, 0) / max(both.sum(), TINY)


def densities(look) -> tuple[np.ndarray, np.ndarray]:
    """p_data and p_g on the grid (m,) as D is shown them: blurred while the input adds noise."""
    grid, sigma = look.fixed.reference.grid, look.game.input.noise(look.state.iteration)
    pair = look.fixed.reference.p, look.p_g
    if not sigma:
        return pair
    cell = grid[1] - grid[0]
    reach = min(math.ceil(4 * sigma / cell), (len(grid) - 1) // 2)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * cell / sigma) ** 2)
    return tuple(np.convolve(density, kernel / kernel.sum(), mode="same") for density in pair)


@probe
def best_value(look):
    """V(G, D*) over time, what the best discriminator would make of the game, from the densities on the grid."""
    return look.keep(("best_value",), lambda: [best_v(look)]) | {"time": look.time}


def best_v(look) -> float:
    """V(G, D*) of p_data and p_g as D sees them; NaN where it is unknown, or so large that V could not be read beside it.

    A share of 1/n of each is mixed into the other: n samples cannot tell, and no divergence is infinite for a bare spot.
    """
    if look.game.input.packs > 1:
        return math.nan  # V is then that of densities of several numbers
    p, q = (shares(density, look.fixed.reference.grid) for density in densities(look))
    unseen = 1 / LINE_SAMPLES
    value = look.loss.value_at_optimum(torch.lerp(p, q, unseen), torch.lerp(q, p, unseen))
    return math.nan if value is None or not abs(value) < LARGEST else float(value)


def shares(density: np.ndarray, grid: np.ndarray) -> torch.Tensor:
    """A density on the centres of equal cells as masses: four cells make one, the last is what lies beyond the window.

    The relativistic V takes pairs of them: 0.6 ms for 100 masses, 10 ms for 400.
    """
    inside = (density * (grid[1] - grid[0])).reshape(-1, 4).sum(1)
    return torch.from_numpy(np.append(inside, max(1 - inside.sum(), 0.0)))


@probe
def mapping(look):
    """Where each z goes: lines from z (below, stretched to the window) to x (above); a rug of x if z has many numbers."""
    rows, start = look.fixed.threads
    x = look.fake.numpy()[rows, 0]
    lines = np.full((len(x), 3, 2), np.nan, np.float32)  # from (start, 0) to (x, 1), then a gap
    lines[:, 0, 0], lines[:, 1, 0] = x if start is None else start, x
    lines[:, :2, 1] = 0, 1
    return {"map_x": lines[:, :, 0].ravel(), "map_y": lines[:, :, 1].ravel()}


@probe
def quality(look):
    """W1 and JSD to the exact density over time. The floors beside them stand in the figure: they never change."""
    return look.keep(("w1", "jsd"), lambda: look.distances.values()) | {"time": look.time}
