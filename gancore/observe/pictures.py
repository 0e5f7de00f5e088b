"""What the health of a game of pictures is asked beside what every game is asked: what nobody trained on, and fine patterns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gancore.game.data.images import HELD, spaced
from gancore.observe.metrics.cells import ROUNDS
from gancore.observe.metrics.checkers import Checkers
from gancore.observe.metrics.copies import MOST, Copies
from gancore.observe.metrics.images import Plane
from gancore.observe.vitals import SEED, ranked

FEWEST = 20  # Pictures held out, from which on something can be told.


@dataclass(frozen=True, eq=False)
class Pictures:
    """Made once per data set. `unseen` (m, event) are held-out pictures for D to judge; without any there are no copies."""

    unseen: Tensor
    plane: Plane | None
    copies: Copies | None
    checkers: Checkers
    bands: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, source, n: int) -> Pictures:
        """Of an opened set, for looks at n samples."""
        chance = np.random.default_rng(SEED)
        known, held = source.pixels, getattr(source, "held_out", ())
        real = [known[chance.integers(len(known), size=n)].float().div(255).numpy() for _ in range(ROUNDS)]
        checkers = Checkers.of(source.shape, real)
        if len(held) < FEWEST:
            return cls(torch.empty(0, known.shape[1]), None, None, checkers, checkers.bands)
        known, held = spaced(known, MOST), spaced(held, HELD)
        plane = Plane.of(f"{source.name}-and-unseen", torch.cat([known, held]))
        at = [
            np.concatenate([plane.project(part.float().div(255)) for part in side.split(1000)])
            for side in (known, held)
        ]
        copies = Copies.of(*at, n, ROUNDS)
        unseen = spaced(held, n).float().div(255)
        doubt = 1.65 * float(np.sqrt((2 * n + 1) / (12 * n * len(unseen))))  # Mann & Whitney 1947
        half = 0.5 + 1.65 * float(np.sqrt(0.25 / len(unseen)))
        told = {"recognised": (0.5 - doubt, 0.5 + doubt), "mistaken": (0.0, half)}
        return cls(unseen, plane, copies, checkers, checkers.bands | copies.bands | told)

    def measure(self, fake: np.ndarray, on_both: np.ndarray, on_unseen: np.ndarray) -> dict[str, float]:
        """The facts about generated pictures (n, event) and D's raw outputs on both sides (2, n) and on `unseen` (m,)."""
        facts = self.checkers.measure(fake)
        if self.copies:
            facts |= self.copies.measure(self.plane.project(fake))
            facts["recognised"] = ranked(on_both[0], on_unseen)
            facts["mistaken"] = mistaken(*on_both, on_unseen)
        return facts


def mistaken(on_real: np.ndarray, on_fake: np.ndarray, on_unseen: np.ndarray) -> float:
    """Share of what D says of unseen real pictures that is nearer to what it usually says of generated ones (Karras et al. 2020, r_v)."""
    if not all(np.isfinite(said).all() for said in (on_real, on_fake, on_unseen)):
        return float("nan")
    real, fake = np.median(on_real), np.median(on_fake)
    nearer = np.abs(on_unseen - fake) - np.abs(on_unseen - real)
    return float(((nearer < 0) + 0.5 * (nearer == 0)).mean())
