"""Sets of small grey pictures to play on: digits that come along offline, MNIST and Fashion-MNIST."""

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
    """Square grey pictures in memory: `pixels` uint8 (N, side*side), `labels` uint8 (N,). Safe to share by threads."""

    name: str
    pixels: Tensor
    labels: Tensor
    side: int

    squash = "sigmoid"

    @property
    def shape(self) -> tuple[int]:
        return (self.side * self.side,)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` pictures drawn with replacement, (n, side*side) float32 in [0, 1]."""
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
        return _train(MNIST, report or quiet)


@data.add
class FashionMnist:
    """Xiao, Rasul & Vollgraf 2017: 60,000 pieces of clothing in MNIST's format, harder to draw and to tell apart."""

    name = "fashion-mnist"
    page = "images"
    title = "Fashion-MNIST 28×28"

    def open(self, report: Report | None = None) -> Images:
        return _train(FASHION_MNIST, report or quiet)


@functools.cache
def _digits() -> Images:
    from sklearn.datasets import load_digits

    bunch = load_digits()  # values 0..16
    pixels = np.rint(bunch.data * (255 / 16)).astype(np.uint8)
    return Images("digits", torch.from_numpy(pixels), torch.from_numpy(bunch.target.astype(np.uint8)), side=8)


def _train(archive: Archive, report: Report) -> Images:
    images, labels = archive.find("train", report)
    report(f"Reading {archive.name}", None)
    return _load(archive.name, images, labels)


@functools.lru_cache(maxsize=4)
def _load(name: str, images: Path, labels: Path) -> Images:
    pictures, classes = load(images, labels)
    pixels = torch.from_numpy(pictures.reshape(len(pictures), -1))
    return Images(name, pixels, torch.from_numpy(classes), side=pictures.shape[1])
