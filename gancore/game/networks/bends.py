"""What follows weighted sums: bends and gaps inside a network, a range at its end."""

from __future__ import annotations

from torch import Tensor, nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
}

SQUASHES = {"linear": (), "sigmoid": (nn.Sigmoid,), "tanh": (nn.Tanh,)}


def squashed(squash: str) -> list[nn.Module]:
    """The layers that keep an output in its range: none if it has none."""
    return [layer() for layer in SQUASHES[squash]]


def dropped(share: float) -> list[nn.Module]:
    """The layer that leaves out this share of what it is given, if there is any to leave out."""
    return [nn.Dropout(share)] if share else []


class LargestPiece(nn.Module):
    """Goodfellow et al. 2013 (Maxout): of every unit's `pieces` weighted sums the largest, (n, pieces * m) to (n, m)."""

    def __init__(self, pieces: int):
        super().__init__()
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        # Pieces before units, for the maximum runs along contiguous rows then: half the time of `nn.MaxPool1d`.
        return x.unflatten(1, (self.pieces, -1)).amax(1)


class Residual(nn.Module):
    """He et al. 2016: x + f(x)."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.f = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.f(x)
