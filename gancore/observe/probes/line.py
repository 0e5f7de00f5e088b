"""What can be seen on the line, where the truth is known: densities, the best D there is, distances."""

from __future__ import annotations

import numpy as np
import torch

from gancore.observe.metrics.line import optimal_d
from gancore.observe.probes.every import critic_span
from gancore.observe.probes.shelf import probe


@probe
def density(look):
    """Goodfellow et al. 2014, Figure 1: p_g, D and D* over the axis."""
    d = look.said_on_grid
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
