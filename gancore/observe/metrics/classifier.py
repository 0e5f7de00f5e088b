"""A judge of generated digits, trained on MNIST's real ones: what Stacked MNIST's thousand modes are counted with."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gancore import seeds
from gancore.game.data.archive import MNIST, load
from gancore.seeds import seeded

ROUNDS, BATCH, RATE = 2, 100, 2e-3


class DigitJudge(nn.Sequential):
    """Two convolutions and two layers, (n, 784) in [0, 1] to ten logits: LeCun et al. 1998 made small."""

    def __init__(self):
        super().__init__(
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, 16, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 49, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )


@cache
def digit_judge() -> DigitJudge:
    """The judge after two rounds through MNIST's 60,000 training digits; one machine always makes the same."""
    pixels, labels = digits("train")
    with seeded(0):
        judge = DigitJudge()
    optimiser = torch.optim.Adam(judge.parameters(), RATE)
    rates = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, ROUNDS * len(pixels) // BATCH)
    shuffle = seeds.stream(0, "digit judge")
    for _ in range(ROUNDS):
        for rows in torch.randperm(len(pixels), generator=shuffle).split(BATCH):
            optimiser.zero_grad()
            cross_entropy(judge(pixels[rows]), labels[rows]).backward()
            optimiser.step()
            rates.step()
    return judge.requires_grad_(False).eval()


def digits(part: str) -> tuple[Tensor, Tensor]:
    """MNIST's "train" or "t10k" digits: pixels (n, 784) float32 in [0, 1], labels (n,) int64."""
    pictures, labels = load(*MNIST.find(part))
    return torch.from_numpy(pictures).flatten(1).float().div_(255), torch.from_numpy(labels).long()


def classes(x: Tensor) -> Tensor:
    """The judge's digit for each picture (n, 784) in [0, 1]: (n,) int64."""
    judge = digit_judge()  # its weights ask for no gradient
    return torch.cat([judge(rows).argmax(1) for rows in x.detach().split(1000)])


def stacked_classes(x: Tensor) -> Tensor:
    """The number 0 to 999 that three stacked digits (n, 3 * 784) read, the first channel being the hundreds: (n,)."""
    hundreds, tens, ones = (classes(channel) for channel in x.view(len(x), 3, 784).unbind(1))
    return 100 * hundreds + 10 * tens + ones
