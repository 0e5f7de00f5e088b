"""What can be seen in every game: losses, value, scores, gradients."""

from __future__ import annotations

import math

import numpy as np
import torch

from gancore.observe.probes.shelf import probe

BINS = 40  # of the score histograms


def lines(look, *names: str) -> dict[str, np.ndarray]:
    """The past of these scalars as `name` and `name_t`, and the time axis they share as `time`."""
    past = look.history.read_all()
    arrays = {"time": np.array(look.history.time_range())}
    for name in names:
        x, y = past[name]
        arrays[f"{name}_t"], arrays[name] = x.astype(np.float32), y
    return arrays


def measured(look, **values: float) -> dict[str, np.ndarray]:
    """Notes what was measured just now and gives its past as `name`, over one shared `<first name>_t`."""
    kept = look.keep(values)
    first = next(iter(values))
    return {f"{first}_t": kept.read(first)[0].astype(np.float32)} | {name: kept.read(name)[1] for name in values}


@probe
def losses(look):
    """Every iteration's losses, thinned so that each minimum and maximum stays."""
    return lines(look, "d_loss", "g_loss")


@probe
def value(look):
    """V(G, D) = minus D's loss on the fixed samples (Goodfellow et al. 2014, equation 1)."""
    v = -float(look.loss.critic(look.on_real, look.on_fake))
    return measured(look, value=v) | {"time": np.array(look.history.time_range())}


@probe
def scores(look):
    """How D scores the fixed real and generated samples now, and each batch's mean score over time."""
    real, fake = look.loss.read(look.on_real).numpy(), look.loss.read(look.on_fake).numpy()
    low, high = look.loss.span or critic_span(real, fake)
    width = (high - low) / BINS
    arrays = {
        "score_at": low + width * (np.arange(BINS) + 0.5),
        "score_range": np.array([low, high]),
        "score_real": share(real, low, width),
        "score_fake": share(fake, low, width),
    }
    return arrays | lines(look, "d_real", "d_fake")


@probe
def gradients(look):
    """The norm of each player's gradient, every iteration."""
    return lines(look, "d_grad", "g_grad")


def share(said: np.ndarray, low: float, width: float) -> np.ndarray:
    """Share of the scores in each bin, (BINS,); what lies beyond is counted in the outermost."""
    at = np.nan_to_num((said - low) / width).astype(np.int64).clip(0, BINS - 1)
    return np.bincount(at, minlength=BINS) / len(said)


def critic_span(*said: np.ndarray) -> tuple[float, float]:
    """A range around 0 for a critic without a scale: a power of two, so that it stays put for long."""
    largest = max((float(np.abs(s[np.isfinite(s)]).max(initial=0)) for s in said), default=0.0)
    limit = 2.0 ** math.ceil(math.log2(max(largest, 1e-3)))
    return -limit, limit


def reading(look, output: torch.Tensor) -> np.ndarray:
    """D's raw outputs in the unit that charts show."""
    return look.loss.read(output).numpy()
