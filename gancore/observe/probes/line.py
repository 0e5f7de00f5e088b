"""What can be seen on the line, where the truth is known: densities, the best D there is, distances."""

from __future__ import annotations

import numpy as np
import torch

from gancore.observe.metrics.line import optimal_d
from gancore.observe.probes.every import critic_span, measured, reading
from gancore.observe.probes.shelf import probe

THREADS = 41  # Lines from z to x below the density.


@probe
def density(look):
    """Goodfellow et al. 2014, Figure 1: p_g, D and D* over the axis."""
    d = reading(look, look.game.judge(look.state, look.fixed.grid))
    log_q = torch.log(torch.from_numpy(look.p_g).float())
    best = look.loss.optimum(look.fixed.log_p, log_q)
    known = np.isfinite(optimal_d(look.fixed.reference.p, look.p_g))
    return {
        "p_g": look.p_g,
        "d_x": d,
        "d_star": np.full(len(d), np.nan) if best is None else np.where(known, best.numpy(), np.nan),
        "d_range": np.array(look.loss.span or critic_span(d)),
    }


@probe
def mapping(look):
    """Where each z goes: lines from z (below, stretched to the window) to x (above); a rug of x if z has many numbers."""
    low, high = look.fixed.reference.window
    every = len(look.fixed.z) // THREADS
    if look.fixed.z.shape[1] == 1:
        z, order = look.fixed.z[:, 0].sort()
        z, x = z[::every].numpy(), look.fake[order[::every], 0].numpy()
        start = low + (high - low) * (z - z[0]) / max(z[-1] - z[0], 1e-12)
    else:
        x = look.fake[: THREADS * 3, 0].numpy()
        start = x
    return {
        "map_x": np.stack([start, x, np.full(len(x), np.nan)], 1).ravel(),
        "map_y": np.tile([0.0, 1.0, np.nan], len(x)),
    }


@probe
def quality(look):
    """W1 and JSD to the exact density over time. The floors beside them stand in the figure: they never change."""
    return measured(look, **look.distances) | {"time": np.array(look.history.time_range())}
