"""What is done to the discriminator's weights after each of its updates."""

from __future__ import annotations

from torch import Tensor

from gancore.catalog import Catalog, knob

constraints = Catalog("constraint")


@constraints.add
class Free:
    """Weights go where the optimiser takes them, as in Goodfellow et al. 2014."""

    name = "none"

    def apply(self, weights: Tensor) -> Tensor:
        return weights


@constraints.add
class Clip:
    """Arjovsky et al. 2017: every weight stays within ±c, which bounds the critic's slope."""

    name = "clip"
    c: float = knob(0.05, 0.001, 10.0, live=True, log=True, help="Largest size of a weight of D")

    def apply(self, weights: Tensor) -> Tensor:
        return weights.clamp(-self.c, self.c)
