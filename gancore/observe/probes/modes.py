"""Which modes of the data in the plane G reaches now and has reached, and how many that is worth."""

from __future__ import annotations

import numpy as np

from gancore.observe.probes.shelf import probe


@probe
def modes(look):
    """The share of all samples near each mode, and the outline of a perfect sampler's band.

    Over time: how many modes that is worth, and the share of samples that are near one at all. `misplaced` is the share,
    in per cent, of those near a mode that would have to move to another.
    """
    if look.fixed.reference.modes is None:
        return {}
    seen = look.census
    past = look.keep(("high_quality", "effective"), lambda: [seen.high_quality, seen.effective])
    low, high = np.repeat(look.fixed.reference.bands, 2, axis=0).T
    now = {"mode_share": seen.counts / seen.samples, "mode_band": np.append(low, high[::-1])}
    figures = {"worth": np.array(round(seen.effective, 2)), "misplaced": np.array(round(100 * seen.off, 1))}
    return past | now | figures | {"time": look.time}


@probe
def mode_history(look):
    """Each mode's share over time, in parts of what a perfect sampler has there: (modes, times) over `mode_1_t`."""
    known = look.fixed.reference
    if known.modes is None:
        return {}
    names = tuple(f"mode_{at}" for at in range(1, len(known.expected) + 1))
    past = look.keep(names, lambda: look.census.counts / look.census.samples / known.expected)
    return {"mode_1_t": past["mode_1_t"], "mode_history": np.stack([past[name] for name in names])}
