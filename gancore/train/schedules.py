"""How learning rates change as a player's updates go by: a factor on the optimiser's own rate, for both players alike."""

from __future__ import annotations

import math

from gancore.catalog import Catalog, knob

schedules = Catalog("schedule")


def span():
    """The knob of every schedule that arrives somewhere."""
    return knob(20_000, 1, 10_000_000, live=True, log=True, help="Updates until the rate stops falling")


def floor(default: float):
    """The knob of every schedule that falls."""
    return knob(default, 0.0, 1.0, live=True, help="What is left of the rate in the end, as a share of it")


@schedules.add
class Constant:
    """Robbins & Monro 1951 left behind: the rate stays, as in most GANs, whose players never rest."""

    name = "constant"

    def factor(self, updates: int) -> float:
        """What the learning rate is multiplied by after this many updates."""
        return 1.0


@schedules.add
class Exponential:
    """Goodfellow et al. 2014: the rate is divided by a number just above 1 at every update (by 1.000004, down to 1e-6)."""

    name = "exponential"
    divisor: float = knob(1.000004, 1.0, 1.1, live=True, help="What the rate is divided by at each update")
    floor: float = floor(1e-5)

    def factor(self, updates: int) -> float:
        return max(self.divisor**-updates, self.floor)


@schedules.add
class Cosine:
    """Loshchilov & Hutter 2017, without restarts: half a wave, gentle at both ends (R3GAN of 2024 anneals so)."""

    name = "cosine"
    span: int = span()
    floor: float = floor(0.0)

    def factor(self, updates: int) -> float:
        done = min(updates / self.span, 1.0)
        return self.floor + (1 - self.floor) * (1 + math.cos(math.pi * done)) / 2


@schedules.add
class Linear:
    """Zhu et al. 2017 (CycleGAN): a straight way down, which lets both players settle."""

    name = "linear"
    span: int = span()
    floor: float = floor(0.0)

    def factor(self, updates: int) -> float:
        return 1 - (1 - self.floor) * min(updates / self.span, 1.0)
