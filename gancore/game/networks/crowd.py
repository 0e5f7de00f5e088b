"""Layers through which D sees a whole batch at once, so that a generator without variety gives itself away."""

from __future__ import annotations

from math import isqrt

import torch
from torch import Tensor, nn

from gancore.catalog import knob
from gancore.game.networks.shelf import Network

DIM = 5  # numbers by which one kernel compares, as in the code of Salimans et al. 2016
MOST_NUMBERS = 2**25  # in one comparison of all pairs of a batch: 128 MB, of which a step holds several


class MinibatchDiscrimination(nn.Module):
    """Salimans et al. 2016: beside its features a sample brings how near others of its batch are, (n, a) to (n, a + b).

    For sample i and kernel b that is sum over j ≠ i of exp(-|M_ib - M_jb|), the norm L1, M = features T. In evaluation a
    sample is held against the batch last trained on, so that what D says of it does not hang on who else is looked at.
    """

    remembered = 64  # samples of the last batch that are kept

    def __init__(self, features: int, kernels: int):
        super().__init__()
        self.kernels, self.gives = kernels, features + kernels
        self.project = nn.Linear(features, kernels * DIM, bias=False)
        self.register_buffer("others", torch.zeros(self.remembered, kernels, DIM))
        self.register_buffer("crowd", torch.zeros(()))  # how many others there were

    def forward(self, x: Tensor) -> Tensor:
        m = self.project(x).unflatten(1, (self.kernels, DIM))
        return torch.cat([x, self._near(m) if self.training else self._near_then(m)], 1)

    def _near(self, m: Tensor) -> Tensor:
        rows = torch.arange(self.remembered, device=m.device) % len(m)
        self.others.copy_(m.detach()[rows])
        self.crowd.fill_(len(m) - 1)
        distance = (m[:, None] - m[None]).abs().sum(-1)  # not `torch.cdist`, whose slope has no slope
        return (-distance).exp().sum(1) - 1  # a sample's nearness to itself is exp(0)

    def _near_then(self, m: Tensor) -> Tensor:
        distance = torch.cdist(
            m.transpose(0, 1), self.others.transpose(0, 1).to(m.dtype), p=1
        )  # (kernels, n, remembered)
        return self.crowd * (-distance).exp().mean(2).T


class MinibatchDeviation(nn.Module):
    """Karras et al. 2018: one more feature, the spread of the batch averaged over all features, (n, a) to (n, a + 1).

    In evaluation it is the running mean of the spreads trained on, as in batch normalisation.
    """

    def __init__(self, features: int, kernels: int):
        super().__init__()
        self.gives = features + 1
        self.register_buffer("running", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        spread = self._spread(x) if self.training else self.running
        return torch.cat([x, spread.expand(len(x), 1)], 1)

    def _spread(self, x: Tensor) -> Tensor:
        spread = (x.var(0, unbiased=False) + 1e-8).sqrt().mean()  # 1e-8: the root has no slope at 0
        self.running.lerp_(spread.detach(), 0.1)
        return spread


BATCH_LAYERS = {"none": None, "discrimination": MinibatchDiscrimination, "deviation": MinibatchDeviation}


class SeesBatch(Network):
    """A network with the knobs `batch_layer` and `kernels`, and maybe `norm`, through which samples see each other."""

    @property
    def sees_batch(self) -> bool:
        return self.batch_layer != "none" or getattr(self, "norm", "none") == "batch"

    def refuses(self, config) -> str | None:
        if self is config.g and self.batch_layer != "none":
            return "the batch layer is for D, to see how alike G's samples are: give g.batch_layer = none"
        most = isqrt(MOST_NUMBERS // (self.kernels * DIM))
        if self.batch_layer == "discrimination" and config.batch > most:
            return f"discrimination by {self.kernels} kernels holds each two samples of a batch together: give a batch of {most} or less"
        return super().refuses(config)


def batch_layer_knob():
    return knob(
        "none",
        choices=tuple(BATCH_LAYERS),
        advanced=True,
        label="batch layer",
        help="As D: sees the batch as a whole, by nearness of its samples (Salimans 2016) or their spread (Karras 2018)",
    )


def kernels_knob():
    return knob(5, 1, 100, advanced=True, help="Kernels of the batch layer, where it is discrimination")


def head(kind: str, features: int, kernels: int, gives: int) -> list[nn.Module]:
    """The end of a network: the batch layer of this kind, if any, and the last weighted sums."""
    if kind == "none":
        return [nn.Linear(features, gives)]
    layer = BATCH_LAYERS[kind](features, kernels)
    return [layer, nn.Linear(layer.gives, gives)]
