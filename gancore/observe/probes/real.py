"""What the data are now, where they may be edited in the middle of a run: real samples, known bells, the window."""

from __future__ import annotations

import numpy as np

from gancore.observe.probes.shelf import probe

REALS = 400  # Real samples shown.
MOST = 32  # Bells that a hand can still tell apart, and as many as a mixture of one's own takes.


@probe
def reals(look):
    """The first fixed real samples; the window, as ranges of both axes and as the place of a picture that fills it."""
    x, y = look.fixed.real[:REALS].T.numpy()
    (left, right), (low, high) = look.fixed.source.window
    places = {"left": left, "top": high, "width": right - left, "height": high - low}
    ranges = {"window_x": np.array([left, right]), "window_y": np.array([low, high])}
    return {"real_x": x, "real_y": y} | ranges | {f"window_{name}": np.array(at) for name, at in places.items()}


@probe
def bells(look):
    """Rows weight, x, y, sigma of the data's bells, none where they are unknown or too many to be held one by one."""
    rows = np.array(getattr(look.fixed.source, "modes", ()), np.float64).reshape(-1, 4)
    return {"bells": rows if len(rows) <= MOST else rows[:0]}
