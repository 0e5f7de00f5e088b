"""What can be seen in every game: losses, value, scores, gradients."""

from __future__ import annotations

import math

import numpy as np

from gancore.observe.probes.shelf import light_probe, probe

BINS = 40  # of the score histograms


def lines(look, *names: str) -> dict[str, np.ndarray]:
    """The past of these scalars as `name` and `name_t`, and the time axis they share as `time`."""
    past = look.history.read_all()
    arrays = {"time": look.time}
    for name in names:
        x, y = past[name]
        arrays[f"{name}_t"], arrays[name] = x.astype(np.float32), y
    return arrays


@light_probe
def losses(look):
    """Every iteration's losses, thinned so that each minimum and maximum stays."""
    return lines(look, "d_loss", "g_loss")


@probe
def value(look):
    """V(G, D) = minus D's loss on the fixed samples (Goodfellow et al. 2014, equation 1)."""
    return look.keep(("value",), lambda: [-float(look.loss.critic(*look.on_both))]) | {"time": look.time}


@probe
def scores(look):
    """How D scores the fixed real and generated samples now, and each batch's mean score over time."""
    said = look.said_on_both
    low, high = look.loss.span or critic_span(said)
    width = (high - low) / BINS
    shares = share(said, low, width)
    arrays = {
        "score_at": low + width * (np.arange(BINS) + 0.5),
        "score_range": np.array([low, high]),
        "score_real": shares[0],
        "score_fake": shares[1],
    }
    return arrays | lines(look, "d_real", "d_fake")


@light_probe
def gradients(look):
    """The norm of each player's gradient, every iteration."""
    return lines(look, "d_grad", "g_grad")


def share(said: np.ndarray, low: float, width: float) -> np.ndarray:
    """Share of each row's scores in each bin, (rows, n) -> (rows, BINS); what lies beyond counts in the outermost."""
    rows, n = said.shape
    # NaN has no bin of its own: minimum and maximum that pass it over put it into the first.
    at = np.fmin(np.fmax((said - low) / width, 0), BINS - 1).astype(np.int64)
    at += BINS * np.arange(rows)[:, None]
    return np.bincount(at.ravel(), minlength=rows * BINS).reshape(rows, BINS) / n


def critic_span(said: np.ndarray) -> tuple[float, float]:
    """A range around 0 for a critic without a scale: a power of two, so that it stays put for long."""
    largest = float(np.abs(said[np.isfinite(said)]).max(initial=0))
    limit = 2.0 ** math.ceil(math.log2(max(largest, 1e-3)))
    return -limit, limit
