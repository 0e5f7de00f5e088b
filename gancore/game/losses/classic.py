"""The game of 2014: D says a probability, and G's loss is written in three ways."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gancore.catalog import knob
from gancore.game.losses.shelf import Loss, losses, relative


@dataclasses.dataclass(frozen=True, kw_only=True)
class Probability(Loss):
    """Losses whose D says a probability: D(x) = sigmoid(output), D* = p/(p+q), and V(G, D*) = -log 4 + 2 JSD.

    With a real label α below 1, D* = α p/(p+q) (Salimans et al. 2016, section 3.4).
    """

    says = "D(x)"
    span = (0.0, 1.0)
    real_label: float = knob(
        1.0, 0.5, 1.0, live=True, advanced=True, help="What D should say to real samples: 0.9 smooths one side's labels"
    )

    @property
    def undecided(self) -> float:
        return self.real_label / 2

    @property
    def equilibrium_d(self) -> float:
        said = self.undecided
        return -self.real_label * math.log(said) - (2 - self.real_label) * math.log(1 - said)

    @property
    def equilibrium_g(self) -> float:
        return -math.log(self.undecided)

    def read(self, output: Tensor) -> Tensor:
        return torch.sigmoid(output)

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        return self.real_label * torch.sigmoid(log_p - log_q)

    def value_at_optimum(self, p: Tensor, q: Tensor) -> Tensor:
        yes, no = self.real_label * p, (1 - self.real_label) * p + q
        return relative(yes, p + q) + relative(no, p + q)

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        # -log sigmoid(r) - log(1 - sigmoid(f)), written so that it cannot overflow.
        loss = softplus(-real).mean() + softplus(fake).mean()
        # -α log sigmoid(r) - (1 - α) log(1 - sigmoid(r)) is the first term and (1 - α) r.
        return loss if self.real_label == 1 else loss + (1 - self.real_label) * real.mean()


@losses.add
class NonSaturating(Probability):
    """Goodfellow et al. 2014, section 3: G maximises log D(G(z)), so that its gradient lives when D wins."""

    name = "non-saturating"

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-fake).mean()


@losses.add
class Minimax(Probability):
    """Goodfellow et al. 2014, equation 1: G minimises log(1 - D(G(z))); it saturates when D wins."""

    name = "minimax"

    @property
    def equilibrium_g(self) -> float:
        return math.log(1 - self.undecided)

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return -softplus(fake).mean()


@losses.add
class ZeroSum(Probability):
    """Von Neumann 1928, the game taken literally: the generator's loss is minus the discriminator's loss, real term included."""

    name = "zero-sum"
    g_sees_real = True

    @property
    def equilibrium_g(self) -> float:
        return -self.equilibrium_d

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return -self.critic(real, fake)
