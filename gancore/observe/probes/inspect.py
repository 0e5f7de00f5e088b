"""One generated sample in the plane from all sides: where it comes from, what D says of it, and the way it came."""

from __future__ import annotations

import numpy as np

from gancore.observe.look import SCORED
from gancore.observe.metrics.modes import WITHIN
from gancore.observe.probes.plane import finite
from gancore.observe.probes.shelf import probe_of_one


@probe_of_one
def inspect(look, at: int):
    """The sample that G makes of fixed z number `at`, as arrays named `inspect:<at>.<what>`; nothing if there is none.

    `place` (2,), its `z` (dim,), `d` (what D says there), `pull` (2,), the true -∂L_G/∂x, the `nearest` of the fixed
    real samples (2,), the nearest `mode` (counted from 1, 0 where no modes are known), how far `away` that is in its σ,
    whether that is near enough to `count`, and the `trail` (m, 2) at iterations `trail_t` (m,).
    """
    if look.fixed.choice.page != "plane" or at >= SCORED:
        return {}
    place = look.fake[at].numpy()
    pull = look.game.pull(look.state, look.fake[:SCORED], look.fixed.real[:SCORED])[at].numpy()
    trail_t, trail = look.past.trail(at)
    mode, away = nearest_mode(place, look.fixed.reference.modes)
    seen = {
        "place": finite(place[None])[0],
        "z": look.fixed.z[at].numpy(),
        "d": np.array(look.said_on_both[1, at]),
        "pull": finite(pull[None])[0],
        "nearest": nearest(place, look.fixed.real.numpy()),
        "mode": np.array(mode),
        "away": np.array(away),
        "count": np.array(away < WITHIN),
        "trail": finite(trail) if len(trail) else np.empty((0, 2), np.float32),
        "trail_t": trail_t,
    }
    return {f"inspect:{at}.{name}": array for name, array in seen.items()}


def nearest(place: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The one of the real samples (n, 2) that is nearest to this place (2,); NaN if that is nowhere."""
    if not np.isfinite(place).all():
        return np.full(2, np.nan, np.float32)
    return real[np.square(real - place).sum(1).argmin()]


def nearest_mode(place: np.ndarray, modes: np.ndarray | None) -> tuple[int, float]:
    """Which mode (counted from 1) is nearest in its own standard deviations, and how many those are; (0, NaN) if none."""
    if modes is None or not np.isfinite(place).all():
        return 0, float("nan")
    away = np.hypot(*(modes[:, 1:3] - place).T) / modes[:, 3]
    return int(away.argmin()) + 1, float(away.min())
