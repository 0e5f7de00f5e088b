"""Losses in which D compares: not how real a sample looks, but how much more real than another."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gancore.game.losses.shelf import LOG2, Loss, losses, relative


@losses.add
class Relativistic(Loss):
    """Jolicoeur-Martineau 2018 (RSGAN), R3GAN's RpGAN of Huang et al. 2024: each real sample is set against one generated.

    D* = log p/q up to a constant that nothing fixes, and V(G, D*) = JSD(p×q ‖ q×p) - log 2.
    """

    name = "relativistic"
    g_sees_real = True
    up_to_a_constant = True
    equilibrium_d = LOG2
    equilibrium_g = LOG2

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        return log_p - log_q

    def value_at_optimum(self, p: Tensor, q: Tensor) -> Tensor:
        pairs = torch.outer(p, q)  # a real sample here, a generated one there
        return relative(pairs, pairs + pairs.T)

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(fake - real).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(real - fake).mean()


@losses.add
class RelativisticAverage(Loss):
    """Jolicoeur-Martineau 2018 (RaSGAN): each sample is set against the mean of the other side's batch.

    No D* is drawn: the two means make it depend on the whole of both densities, not on p(x)/q(x) alone.
    """

    name = "relativistic-average"
    g_sees_real = True
    up_to_a_constant = True
    equilibrium_d = 2 * LOG2
    equilibrium_g = 2 * LOG2

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(fake.mean() - real).mean() + softplus(fake - real.mean()).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.critic(fake, real)
