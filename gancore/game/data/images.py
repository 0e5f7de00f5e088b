"""Sets of small pictures to play on: digits that come along offline, MNIST and Fashion-MNIST.

Each keeps some pictures back that nobody trains on, so that it can be seen whether the players know what they never saw.
"""

from __future__ import annotations

import contextlib
import importlib.util
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gancore import seeds
from gancore.catalog import knob
from gancore.game.data.archive import FASHION_MNIST, MNIST, Archive, load
from gancore.game.data.download import DownloadFailed, Report, quiet
from gancore.game.data.shelf import data
from gancore.once import once

HELD = 2000  # pictures that are held out at most: as many as copies are told by
EACH = 7  # One picture of so many is held out, of sets that bring none to test on; no order by ten classes falls in with it.
FEWEST = (
    140  # pictures in a set from which some can be spared: the twenty that are then held out are the least that tell.
)


@dataclass(frozen=True, eq=False)
class Images:
    """Square pictures in memory, grey or with channels one after the other. Safe to share by threads.

    `pixels` uint8 (N, channels*side*side) to train on, `labels` of whole numbers (N,), and `held_out`, uint8 (M, the
    same), which are never trained on; M may be 0.
    """

    name: str
    pixels: Tensor
    labels: Tensor
    side: int
    channels: int = 1
    held_out: Tensor = field(default_factory=lambda: torch.empty((0, 0), dtype=torch.uint8))

    squash = "sigmoid"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, side, side): what one flat row stands for."""
        return (self.channels, self.side, self.side)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` pictures drawn with replacement, (n, channels*side*side) float32 in [0, 1]."""
        rows = torch.randint(len(self.pixels), (n,), generator=generator)
        return self.pixels[rows].float().div_(255)


def few(most: int):
    """The knob that says how many pictures of a set are trained on."""
    return knob(
        most, 2, most, log=True, label="pictures to train on", help="At most; with few of them, D and G can learn them by heart"
    )  # fmt: skip


@data.add
class Digits:
    """Alpaydin & Kaynak 1998: 1,797 handwritten digits of 8x8 pixels; part of scikit-learn, there without a network."""

    name = "digits"
    page = "images"
    title = "Digits 8×8"
    pictures: int = few(1541)

    def open(self, report: Report | None = None) -> Images:
        (report or quiet)("Reading digits", None)
        return first(_digits(), self.pictures)


@data.add
class Mnist:
    """LeCun, Cortes & Burges 1998: 60,000 handwritten digits of 28x28 pixels, the data of Goodfellow et al. 2014."""

    name = "mnist"
    page = "images"
    title = "MNIST 28×28"
    pictures: int = few(60_000)

    def open(self, report: Report | None = None) -> Images:
        return first(train(MNIST, report or quiet), self.pictures)


@data.add
class FashionMnist:
    """Xiao, Rasul & Vollgraf 2017: 60,000 pieces of clothing in MNIST's format, harder to draw and to tell apart."""

    name = "fashion-mnist"
    page = "images"
    title = "Fashion-MNIST 28×28"
    pictures: int = few(60_000)

    def open(self, report: Report | None = None) -> Images:
        return first(train(FASHION_MNIST, report or quiet), self.pictures)


@once(1)
def _digits() -> Images:
    # scikit-learn's own file: importing scikit-learn to have it read would take two seconds and 140 MB
    (folder,) = importlib.util.find_spec("sklearn").submodule_search_locations
    table = np.loadtxt(Path(folder) / "datasets" / "data" / "digits.csv.gz", delimiter=",", dtype=np.uint8)
    pixels = np.rint(table[:, :-1] * (255 / 16)).astype(np.uint8)  # values 0..16, and the label last
    return split(Images("digits", torch.from_numpy(pixels), torch.from_numpy(table[:, -1].copy()), side=8))


def split(images: Images) -> Images:
    """The same set without every seventh picture, which is held out; a small set stays whole."""
    if len(images.pixels) < FEWEST:
        return images
    out = torch.arange(len(images.pixels)) % EACH == EACH - 1
    kept = dict(pixels=images.pixels[~out], labels=images.labels[~out])
    return replace(images, **kept, held_out=images.pixels[out])


@once(8)
def first(images: Images, count: int) -> Images:
    """At most so many pictures of a set to train on, the same ones everywhere and among those of any larger number."""
    if count >= len(images.pixels):
        return images
    rows = torch.randperm(len(images.pixels), generator=seeds.stream(0, "first pictures"))[:count]
    return replace(images, pixels=images.pixels[rows], labels=images.labels[rows])


def train(archive: Archive, report: Report) -> Images:
    """The 60,000 pictures to train on, and of the 10,000 beside them as many as are held out, fetched if need be."""
    files = archive.find("train", report)
    with contextlib.suppress(DownloadFailed):  # What needs them says nothing then; the game itself can do without.
        files += archive.find("t10k", report)
    report(f"Reading {archive.name}", None)
    return _load(archive.name, *files)


@once(4)
def _load(name: str, images: Path, labels: Path, *unseen: Path) -> Images:
    pictures, classes = load(images, labels)
    images = Images(name, torch.from_numpy(pictures).flatten(1), torch.from_numpy(classes), side=pictures.shape[1])
    return replace(images, held_out=spaced(torch.from_numpy(load(*unseen)[0]).flatten(1), HELD)) if unseen else images


def spaced(rows: Tensor, most: int) -> Tensor:
    """At most so many of them, evenly spaced."""
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64)]
