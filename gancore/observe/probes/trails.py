"""Where generated samples have been: the last frames of the same few z, kept beside the run, so that a reload finds them."""

from __future__ import annotations

import numpy as np

from gancore.observe.probes.plane import ARROWS, finite
from gancore.observe.probes.shelf import probe

SHORT, LONG = 24, 120  # frames; the long trail has every fifth
EVERY = LONG // SHORT


@probe
def trails(look):
    """The way of the samples that have arrows over the last `SHORT` frames: lines with gaps between, oldest end first."""
    return drawn(past(look)[-SHORT:])


@probe
def long_trails(look):
    """The same over the last `LONG` frames."""
    kept = past(look)
    return drawn(kept[:-1][-LONG::EVERY] + kept[-1:])


def past(look) -> list[np.ndarray]:
    """Samples (ARROWS, 2) of the last `LONG` frames for which trails were asked, the newest last."""
    at, kept = look.memory.get("trails", (-1, []))
    if at == look.state.iteration:
        kept = kept[:-1]  # A single step of one player moves samples, and counts no iteration.
    kept = [*kept[-LONG:], finite(look.fake[:ARROWS].numpy())]
    look.memory["trails"] = look.state.iteration, kept
    return kept


def drawn(frames: list[np.ndarray]) -> dict[str, np.ndarray]:
    ways = np.full((ARROWS, len(frames) + 1, 2), np.nan, np.float32)
    ways[:, :-1] = np.stack(frames, 1)
    return {"trail_x": ways[..., 0].ravel(), "trail_y": ways[..., 1].ravel()}
