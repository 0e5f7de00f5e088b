"""Sets of small pictures to play on: digits that come along offline, MNIST and Fashion-MNIST."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gancore.game.data.archive import FASHION_MNIST, MNIST, Archive, load
from gancore.game.data.download import Report, quiet
from gancore.game.data.shelf import data


@dataclass(frozen=True, eq=False)
class Images:
    """Square pictures in memory, grey or with channels one after the other. Safe to share by threads.

    `pixels` uint8 (N, channels*side*side), `labels` of whole numbers (N,).
    """

    name: str
    pixels: Tensor
    labels: Tensor
    side: int
    channels: int = 1

    squash = "sigmoid"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, side, side): what one flat row stands for."""
        return (self.channels, self.side, self.side)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` pictures drawn with replacement, (n, channels*side*side) float32 in [0, 1]."""
        rows = torch.randint(len(self.pixels), (n,), generator=generator)
        return self.pixels[rows].float().div_(255)


@data.add
class Digits:
    """Alpaydin & Kaynak 1998: 1,797 handwritten digits of 8x8 pixels; part of scikit-learn, there without a network."""

    name = "digits"
    page = "images"
    title = "Digits 8×8"

    def open(self, report: Report | None = None) -> Images:
        (report or quiet)("Reading digits", None)
        return _digits()


@data.add
class Mnist:
    """LeCun, Cortes & Burges 1998: 60,000 handwritten digits of 28x28 pixels, the data of Goodfellow et al. 2014."""

    name = "mnist"
    page = "images"
    title = "MNIST 28×28"

    def open(self, report: Report | None = None) -> Images:
        return train(MNIST, report or quiet)


@data.add
class FashionMnist:
    """Xiao, Rasul & Vollgraf 2017: 60,000 pieces of clothing in MNIST's format, harder to draw and to tell apart."""

    name = "fashion-mnist"
    page = "images"
    title = "Fashion-MNIST 28×28"

    def open(self, report: Report | None = None) -> Images:
        return train(FASHION_MNIST, report or quiet)


@functools.cache
def _digits() -> Images:
    from sklearn.datasets import load_digits

    bunch = load_digits()  # values 0..16
    pixels = np.rint(bunch.data * (255 / 16)).astype(np.uint8)
    return Images("digits", torch.from_numpy(pixels), torch.from_numpy(bunch.target.astype(np.uint8)), side=8)


def train(archive: Archive, report: Report) -> Images:
    """The 60,000 pictures to train on, fetched if need be."""
    images, labels = archive.find("train", report)
    report(f"Reading {archive.name}", None)
    return _load(archive.name, images, labels)


@functools.lru_cache(maxsize=4)
def _load(name: str, images: Path, labels: Path) -> Images:
    pictures, classes = load(images, labels)
    pixels = torch.from_numpy(pictures.reshape(len(pictures), -1))
    return Images(name, pixels, torch.from_numpy(classes), side=pictures.shape[1])
