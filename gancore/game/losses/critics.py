"""Losses whose D says a number rather than a probability."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import relu

from gancore.catalog import knob
from gancore.game.losses.shelf import Loss, losses


@losses.add
class LeastSquares(Loss):
    """Mao et al. 2017: regression to targets, with the paper's factor 1/2 on every term; a mistake far away still pulls."""

    name = "least-squares"
    says = "D(x)"
    fake_target: float = knob(
        0.0, -2.0, 2.0, live=True, advanced=True, help="a: what D should say to generated samples"
    )
    real_target: float = knob(1.0, -2.0, 2.0, live=True, advanced=True, help="b: what D should say to real samples")
    goal: float = knob(1.0, -2.0, 2.0, live=True, advanced=True, help="c: what G wants D to say")

    @property
    def span(self) -> tuple[float, float]:
        low, high = sorted((self.fake_target, self.real_target))
        margin = 0.5 * max(high - low, 0.5)
        return low - margin, high + margin

    @property
    def undecided(self) -> float:
        return (self.fake_target + self.real_target) / 2

    @property
    def equilibrium_d(self) -> float:
        return (self.real_target - self.fake_target) ** 2 / 4

    @property
    def equilibrium_g(self) -> float:
        return (self.undecided - self.goal) ** 2 / 2

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        share = torch.sigmoid(log_p - log_q)
        return self.real_target * share + self.fake_target * (1 - share)

    def value_at_optimum(self, p: Tensor, q: Tensor) -> Tensor:
        # The triangular discrimination; nothing where both masses are 0.
        triangular = ((p - q) ** 2 / (p + q).clamp_min(torch.finfo(p.dtype).tiny)).sum()
        return (self.real_target - self.fake_target) ** 2 / 8 * (triangular - 2)

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return ((real - self.real_target) ** 2).mean() / 2 + ((fake - self.fake_target) ** 2).mean() / 2

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return ((fake - self.goal) ** 2).mean() / 2


@losses.add
class Wasserstein(Loss):
    """Arjovsky et al. 2017: the critic's gap estimates W1, if its slope is kept in check (clip its weights).

    No D* is drawn: the best 1-Lipschitz critic depends on the whole of both densities, not on p(x) and q(x) alone.
    """

    name = "wasserstein"
    equilibrium_d = 0.0
    up_to_a_constant = True
    wants = {"constraint": "clip"}

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return -fake.mean()


@losses.add
class Hinge(Loss):
    """Lim & Ye 2017: D stops pushing once the margin is won; D* only says which density is larger, V(G, D*) = 2 TV - 2.

    At p = q any D between the margins is a best one, so that G's loss has no fixed value there.
    """

    name = "hinge"
    span = (-2.0, 2.0)
    equilibrium_d = 2.0

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        return torch.sign(log_p - log_q)

    def value_at_optimum(self, p: Tensor, q: Tensor) -> Tensor:
        return -2 * torch.minimum(p, q).sum()

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return -fake.mean()
