"""What the two players minimise. `real` and `fake` are D's raw outputs on a batch, shape (batch,)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gancore.catalog import Catalog, knob

losses = Catalog("loss")

LOG2 = math.log(2)


class Loss:
    """Shared by all losses. A loss whose generator term contains real samples says so, and is then given a batch."""

    g_sees_real = False


class Probability(Loss):
    """Losses whose D says a probability: D(x) = sigmoid(output), D* = p/(p+q), and V(G, D*) = -log 4 + 2 JSD."""

    says = "D(x)"
    span = (0.0, 1.0)
    undecided = 0.5
    equilibrium_d = 2 * LOG2
    equilibrium_g = LOG2

    def read(self, output: Tensor) -> Tensor:
        """D's raw output in the unit that charts show."""
        return torch.sigmoid(output)

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        """D*(x) for these log densities, in the unit that charts show."""
        return torch.sigmoid(log_p - log_q)

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        # -log sigmoid(r) - log(1 - sigmoid(f)), written so that it cannot overflow.
        return softplus(-real).mean() + softplus(fake).mean()


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
    equilibrium_g = -LOG2

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return -softplus(fake).mean()


@losses.add
class ZeroSum(Probability):
    """Von Neumann 1928, the game taken literally: the generator's loss is minus the discriminator's loss, real term included."""

    name = "zero-sum"
    g_sees_real = True
    equilibrium_g = -2 * LOG2

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return -self.critic(real, fake)


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

    def read(self, output: Tensor) -> Tensor:
        return output

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        share = torch.sigmoid(log_p - log_q)
        return self.real_target * share + self.fake_target * (1 - share)

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return ((real - self.real_target) ** 2).mean() / 2 + ((fake - self.fake_target) ** 2).mean() / 2

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return ((fake - self.goal) ** 2).mean() / 2


@losses.add
class Wasserstein(Loss):
    """Arjovsky et al. 2017: the critic's gap estimates W1, if its slope is kept in check (clip its weights)."""

    name = "wasserstein"
    says = "f(x)"
    span = None  # A critic has no fixed scale.
    undecided = 0.0
    equilibrium_d = 0.0
    equilibrium_g = None  # E f(G(z)) has no fixed value: f is only defined up to a constant.
    wants = {"constraint": "clip"}

    def read(self, output: Tensor) -> Tensor:
        return output

    def optimum(self, log_p: Tensor, log_q: Tensor) -> None:
        """None: the best 1-Lipschitz critic depends on the whole of both densities, not on p(x) and q(x) alone."""
        return None

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return -fake.mean()
