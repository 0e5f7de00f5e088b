"""The shelf that losses stand on, and what all of them promise."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gancore.catalog import Catalog

losses = Catalog("loss")

LOG2 = math.log(2)


class Loss:
    """A loss for each player, and what is known of the best discriminator. `real` and `fake` are D's raw outputs, (batch,).

    A subclass gives `critic(real, fake)` and `generator(real, fake)`, scalars that D and G minimise, and `equilibrium_d`,
    what D loses at p = q if it plays its best. The rest it changes where the paper knows better.
    """

    says = "f(x)"  # What D's output is called on charts.
    span: tuple[float, float] | None = None  # The range that charts give it; None: whatever comes.
    undecided = 0.0  # What D says, in that unit, where it cannot tell real from generated.
    equilibrium_g: float | None = None  # What G then loses; None: no fixed value.
    g_sees_real = False  # Whether the generator's term contains real samples: it is then given a batch.
    up_to_a_constant = False  # Whether adding a constant to D changes nothing.

    def read(self, output: Tensor) -> Tensor:
        """D's raw output in the unit that charts show."""
        return output

    @property
    def knows_best(self) -> bool:
        """Whether the best discriminator has a formula, and so what it is worth."""
        return type(self).optimum is not Loss.optimum

    def optimum(self, log_p: Tensor, log_q: Tensor) -> Tensor | None:
        """D*(x) where real and generated densities have these logarithms, in the unit of `read`; None if not known so."""
        return None

    def value_at_optimum(self, p: Tensor, q: Tensor) -> Tensor | None:
        """V(G, D*) = minus the least that D can lose, of the masses p and q (each sums to 1) on the same points."""
        return None


def relative(part: Tensor, whole: Tensor) -> Tensor:
    """The sum of part · log(part / whole), in nats; a part of nothing adds nothing."""
    return (torch.xlogy(part, part) - torch.xlogy(part, whole)).sum()
