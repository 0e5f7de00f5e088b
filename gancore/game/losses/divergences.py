"""The f-GAN family: D's best value is a divergence of one's choosing, and G minimises that divergence.

Charts show V(x), what D's last layer says; the paper's T(x) is its output activation of that.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gancore.game.losses.shelf import LOG2, Loss, losses, relative

LARGEST = 20.0  # From here on an exponential goes on as its tangent.


class Divergence(Loss):
    """Nowozin et al. 2016, section 2: F = E_p g(V) - E_q f*(g(V)), which D maximises and G minimises.

    A subclass gives its output activation `activation`, g(V), and `conjugate`, f*(g(V)) in one, so that nothing
    overflows. At D* F is the divergence itself: 0 at p = q.
    """

    says = "V(x)"
    equilibrium_d = 0.0

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.conjugate(fake).mean() - self.activation(real).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return -self.conjugate(fake).mean()

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        return log_p - log_q


@losses.add
class KullbackLeibler(Divergence):
    """Nowozin et al. 2016: G minimises KL(p‖q), as maximum likelihood does: no part of the data may be left out."""

    name = "fgan-kl"
    undecided = 1.0
    equilibrium_g = -1.0

    def activation(self, output: Tensor) -> Tensor:
        return output

    def conjugate(self, output: Tensor) -> Tensor:
        return exp(output - 1)

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        return 1 + log_p - log_q

    def value_at_optimum(self, p: Tensor, q: Tensor) -> Tensor:
        return relative(p, q)


@losses.add
class ReverseKullbackLeibler(Divergence):
    """Nowozin et al. 2016: G minimises KL(q‖p): whatever it makes must look real, and modes may be left out."""

    name = "fgan-reverse-kl"
    equilibrium_g = 1.0

    def activation(self, output: Tensor) -> Tensor:
        return -exp(-output)

    def conjugate(self, output: Tensor) -> Tensor:
        return output - 1

    def value_at_optimum(self, p: Tensor, q: Tensor) -> Tensor:
        return relative(q, p)


@losses.add
class Pearson(Divergence):
    """Nowozin et al. 2016: G minimises χ² = ∫(p - q)²/q, which punishes what is left out even harder than KL(p‖q)."""

    name = "fgan-pearson"
    equilibrium_g = 0.0

    def activation(self, output: Tensor) -> Tensor:
        return output

    def conjugate(self, output: Tensor) -> Tensor:
        return output**2 / 4 + output

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        return 2 * torch.expm1(log_p - log_q)

    def value_at_optimum(self, p: Tensor, q: Tensor) -> Tensor:
        return torch.where(p == q, 0, (p - q) ** 2 / q).sum()


@losses.add
class JensenShannon(Divergence):
    """Nowozin et al. 2016: G minimises 2 JSD(p‖q). It is the minimax game of 2014, its value raised by log 4."""

    name = "fgan-jensen-shannon"
    equilibrium_g = 0.0

    def activation(self, output: Tensor) -> Tensor:
        return LOG2 - softplus(-output)

    def conjugate(self, output: Tensor) -> Tensor:
        return softplus(output) - LOG2

    def value_at_optimum(self, p: Tensor, q: Tensor) -> Tensor:
        return relative(p, p + q) + relative(q, p + q) + 2 * LOG2


def exp(x: Tensor) -> Tensor:
    """The exponential, from `LARGEST` on its tangent: an output of 10,000 still gives a finite loss and gradient.

    D* is exact wherever one density is not 5·10⁸ times the other.
    """
    below = x.clamp_max(LARGEST)
    return torch.exp(below) + math.exp(LARGEST) * (x - below)
