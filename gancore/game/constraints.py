"""What holds the discriminator back from outside its loss: limits on its weights, its layers or its gradient."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gancore.catalog import Catalog, knob

constraints = Catalog("constraint")


class Constraint:
    """What constraints share: each part leaves things as they are until a choice says otherwise."""

    both = False

    def apply(self, weights: Tensor) -> Tensor:
        """D's flat weights after an update."""
        return weights

    def gradient(self, gradient: Tensor) -> Tensor:
        """The flat gradient that the optimiser is given, D's (and G's, if `both`)."""
        return gradient

    def start(self, named: dict[str, Tensor]) -> dict[str, Tensor]:
        """What is kept beside D's buffers, under names that start with `sn.`."""
        return {}

    def weights(self, named: dict[str, Tensor], buffers: dict[str, Tensor], training: bool) -> dict[str, Tensor]:
        """The weights that D is called with."""
        return named


@constraints.add
class Free(Constraint):
    """Weights go where the optimiser takes them, as in Goodfellow et al. 2014."""

    name = "none"


@constraints.add
class Clip(Constraint):
    """Arjovsky et al. 2017: every weight stays within ±c, which bounds the critic's slope."""

    name = "clip"
    c: float = knob(0.05, 0.001, 10.0, live=True, log=True, help="Largest size of a weight of D")

    def apply(self, weights: Tensor) -> Tensor:
        return weights.clamp(-self.c, self.c)


@constraints.add
class SpectralNorm(Constraint):
    """Miyato et al. 2018: every matrix and kernel of D is divided by its largest singular value, so no layer stretches.

    The value comes from power iteration, one round per training call from where the last one ended.
    """

    name = "spectral-norm"

    def start(self, named: dict[str, Tensor]) -> dict[str, Tensor]:
        """The singular vectors u, v of every weight of two dimensions or more, after 15 rounds."""
        return {
            f"sn.{name}.{side}": vector
            for name, weight in named.items()
            if weight.ndim > 1
            for side, vector in zip("uv", _first_vectors(weight.detach().flatten(1)))
        }

    def weights(self, named: dict[str, Tensor], buffers: dict[str, Tensor], training: bool) -> dict[str, Tensor]:
        return {name: self._normed(name, w, buffers, training) if w.ndim > 1 else w for name, w in named.items()}

    def _normed(self, name: str, weight: Tensor, buffers: dict[str, Tensor], training: bool) -> Tensor:
        matrix = weight.flatten(1)
        u, v = buffers[f"sn.{name}.u"], buffers[f"sn.{name}.v"]
        if training:
            kept = u, v
            u, v = _power_iteration(matrix.detach(), v)
            kept[0].copy_(u), kept[1].copy_(v)
        # u and v count as constants: this is how the largest singular value moves with the weights.
        sigma = torch.dot(u, torch.mv(matrix, v))
        # A layer that starts at 0 (the last of a residual block, say) has no direction yet: it stays as it is.
        return weight / torch.where(sigma > 0, sigma, 1)


@constraints.add
class GradientClipping(Constraint):
    """Pascanu, Mikolov & Bengio 2013: a gradient longer than c is shortened to c, for both players."""

    name = "gradient-clipping"
    both = True
    c: float = knob(1.0, 0.001, 1000.0, live=True, log=True, help="Greatest length of a player's gradient")

    def gradient(self, gradient: Tensor) -> Tensor:
        return gradient * (self.c / gradient.norm().clamp_min(self.c))


def _first_vectors(matrix: Tensor) -> tuple[Tensor, Tensor]:
    # Any start will do that is not orthogonal to the first vector; a fixed one keeps runs equal.
    v = torch.randn(matrix.shape[1], generator=torch.Generator().manual_seed(0), dtype=matrix.dtype)
    v = normalize(v, dim=0)
    for _ in range(15):
        u, v = _power_iteration(matrix, v)
    return u, v


def _power_iteration(matrix: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    u = normalize(torch.mv(matrix, v), dim=0)
    forth_and_back = torch.mv(matrix.T, u)
    return u, torch.where(forth_and_back.any(), normalize(forth_and_back, dim=0), v)  # zeros would never turn again
