"""Three digits on top of each other, as the channels of one picture: a set of which a thousand modes are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gancore import seeds
from gancore.game.data.archive import CLASSES, MNIST
from gancore.game.data.download import Report, quiet
from gancore.game.data.images import Images, train
from gancore.game.data.shelf import data
from gancore.once import once

CHANNELS = 3
GALLERY = 10_000  # Stacks that stand for all where pictures are compared one by one.


@dataclass(frozen=True, eq=False)
class Stacks:
    """Stacks drawn on the fly from `digits`: there are 60,000³ of them. Safe to share by threads."""

    digits: Images

    name = "stacked-mnist"
    squash = "sigmoid"
    channels = CHANNELS

    @property
    def side(self) -> int:
        return self.digits.side

    @property
    def shape(self) -> tuple[int, int, int]:
        """(3, side, side): what one flat row stands for."""
        return (CHANNELS, self.side, self.side)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` stacks of independent digits, (n, 3*side*side) float32 in [0, 1]."""
        return self._stacked(self._rows(n, generator)).float().div_(255)

    @property
    def pixels(self) -> Tensor:
        """A gallery of 10,000 stacks, drawn once and the same everywhere, uint8 (10000, 3*side*side)."""
        return self._gallery[0]

    @property
    def labels(self) -> Tensor:
        """The mode of each stack in the gallery, 0 to 999: its digits read from the first channel to the last."""
        return self._gallery[1]

    @cached_property
    def held_out(self) -> Tensor:
        """Stacks of digits that are held out, uint8 (as many as those digits, 3*side*side)."""
        unseen = self.digits.held_out
        if not len(unseen):
            return unseen
        rows = torch.randint(len(unseen), (len(unseen), CHANNELS), generator=seeds.stream(0, "held out"))
        return unseen[rows].flatten(1)

    @cached_property
    def _gallery(self) -> tuple[Tensor, Tensor]:
        rows = self._rows(GALLERY, seeds.stream(0, "gallery"))
        place = torch.tensor([CLASSES**2, CLASSES, 1])
        return self._stacked(rows), (self.digits.labels[rows].long() * place).sum(1)

    def _rows(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randint(len(self.digits.pixels), (n, CHANNELS), generator=generator)

    def _stacked(self, rows: Tensor) -> Tensor:
        return self.digits.pixels[rows].flatten(1)


@data.add
class StackedMnist:
    """Metz et al. 2017 (after Che et al. 2017): three MNIST digits as one colour picture, 1,000 modes that can be counted."""

    name = "stacked-mnist"
    page = "images"
    title = "Stacked MNIST 28×28"

    def open(self, report: Report | None = None) -> Stacks:
        return _stacks(train(MNIST, report or quiet))


@once(2)
def _stacks(digits: Images) -> Stacks:
    return Stacks(digits)
