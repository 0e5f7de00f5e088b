"""Terms added to the discriminator's loss that look at its slope."""

from __future__ import annotations

import torch
from torch import Tensor

from gancore.catalog import Catalog, knob

penalties = Catalog("penalty")


@penalties.add
class NoPenalty:
    """The game as it is in Goodfellow et al. 2014."""

    name = "none"
    active = False


@penalties.add
class R1:
    """Mescheder et al. 2018: γ/2 E|∇D(x)|² on real samples. The Dirac game circles without it and lands with it."""

    name = "r1"
    active = True
    gamma: float = knob(
        0.1, 0.0, 100.0, live=True, label="γ", help="Weight, in the paper's units: the term is γ/2 E|∇D|²"
    )

    def term(self, critic, real: Tensor, fake: Tensor) -> Tensor:
        """`critic` maps samples (batch, ...) to raw outputs (batch,)."""
        x = real.detach().requires_grad_()
        (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return self.gamma / 2 * (slope**2).flatten(1).sum(1).mean()
