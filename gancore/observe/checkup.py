"""A run's health over time: takes the facts at a look, keeps their past, and lets the doctor judge."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import torch

from gancore.observe.diagnoses.doctor import Doctor, Verdict
from gancore.observe.diagnoses.evidence import FACTS, LOOKS, Evidence, quantile
from gancore.observe.history import Samples
from gancore.observe.metrics.cells import moved
from gancore.observe.vitals import ranked

STRIDE = 25  # Iterations between two entries, at least: a paused run gives no new evidence.
KEPT = 400  # entries; then every second one goes, and windows grow with the run
NEWEST = 0.02  # Share of the past that counts as now for every iteration's numbers,
AT_LEAST = 50  # and iterations.
PIECES = 10  # of the past: what is usual in one of them is not the peak of a moment


class Checkup:
    """Used by one thread, like the observer that keeps it."""

    def __init__(self):
        self.past = Samples(tuple(FACTS), limit=KEPT)
        self.doctor = Doctor()
        self.verdicts: tuple[Verdict, ...] = ()
        self._shares: deque[np.ndarray] = deque(maxlen=LOOKS)
        self._asked, self._at = 0, 0
        self.of = None  # The vitals that it was held against: those of other data are another checkup's.

    def due(self, iteration: int) -> bool:
        """Whether there is something new to see: so many iterations went by, and it is every second time of asking."""
        self._asked += 1
        return not len(self.past) or (self._asked % 2 == 0 and iteration - self._at >= STRIDE)

    def look(self, look) -> tuple[Verdict, ...]:
        """Takes the facts of this `Look` and judges anew."""
        self.of = vitals = look.fixed.vitals
        facts, shares = vitals.measure(look.fake.numpy())
        facts["separation"] = ranked(*look.on_both.numpy())
        facts["won"] = won(look.loss, look.on_both)
        if known := getattr(look.fixed, "pictures", None):
            facts |= known.measure(look.fake.numpy(), look.on_both.numpy(), look.on_unseen.numpy())
        facts |= from_scalars(look.history)
        self.newest = facts, shares
        return self.take(look.state.iteration, facts, shares, vitals, look.trainer.config)

    def take(self, iteration: int, facts: dict[str, float], shares: np.ndarray, vitals, config) -> tuple[Verdict, ...]:
        """The verdicts after these facts, and these shares (K,) of the samples among the parts of the data."""
        if self._shares:
            facts["moved"] = moved(self._shares[-1], shares)
        self._shares.append(shares)
        facts["least"] = vitals.cells.rarest(np.max(self._shares, axis=0)) if len(self._shares) == LOOKS else math.nan
        self._at = iteration
        self.past.append(iteration, facts)
        self.verdicts = self.doctor.see(self.evidence(vitals.bands), config)
        return self.verdicts

    def end(self, broken: tuple[int, str], bands, config) -> tuple[Verdict, ...]:
        """The verdicts once a tensor, named with its iteration, has left the finite numbers."""
        self.verdicts = self.doctor.see(self.evidence(bands, broken), config)
        return self.verdicts

    def evidence(self, bands, broken=None) -> Evidence:
        facts = {name: self.past.read(name) for name in FACTS}
        return Evidence(facts["distance"][0], {name: y for name, (_, y) in facts.items()}, bands, broken)


def won(loss, on_both: torch.Tensor) -> float:
    """What D has won of all that there is to win: 0 where it might as well toss a coin, 1 where it is never in doubt.

    NaN where there is no bound to what a critic may win.
    """
    most = loss.value_at_optimum(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    if most is None or not math.isfinite(most):
        return math.nan
    return (loss.equilibrium_d - float(loss.critic(*on_both))) / (loss.equilibrium_d + float(most))


def from_scalars(history) -> dict[str, float]:
    """From every iteration's scalars: how G's gradient has faded, and how losses and gradients have grown."""
    lines = history.read_all()
    x, g = lines["g_grad"]
    if not len(x):
        return {}
    now = x >= x[-1] - max(AT_LEAST, NEWEST * x[-1])
    sizes = [np.abs(lines[name][1]) for name in ("d_loss", "g_loss", "d_grad", "g_grad")]
    usual = max(quantile(piece, 0.5) for piece in np.array_split(g, min(PIECES, len(g))))
    return {
        "faded": quantile(g[now], 0.5) / max(usual, 1e-30),
        "size": max(quantile(size[now], 0.5) / max(quantile(size, 0.5), 1.0) for size in sizes),
    }
