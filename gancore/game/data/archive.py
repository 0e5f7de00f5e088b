"""Finds the four files of an MNIST-like set: in the user's folder, in the cache, or on a mirror."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancore.game.data import download, idx
from gancore.game.data.download import Report, quiet

SIDE = 28  # pixels
CLASSES = 10
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True)
class Archive:
    """One set: where it is served, the md5 of its four .gz files in the order of `FILES`, its first ten labels."""

    name: str
    mirrors: tuple[str, ...]
    md5: tuple[str, str, str, str]
    begins: tuple[int, ...]

    def find(self, part: str = "train", report: Report = quiet) -> tuple[Path, Path]:
        """The files of images and labels of `part` "train" (60,000) or "t10k" (10,000), fetched if need be.

        Raises `DownloadFailed` if they are nowhere to be had; what `report` raises passes through.
        """
        return self._in_user_folder(part) or self._in_cache(part, report)

    def _in_user_folder(self, part: str) -> tuple[Path, Path] | None:
        """In `$GANSCOPE_DATA/<name>`, or in `$GANSCOPE_DATA` itself.

        The siblings share their file names, so files that lie there openly are passed over where their labels
        begin as another set's do: Fashion-MNIST must not be played as MNIST.
        """
        if not os.environ.get("GANSCOPE_DATA"):
            return None
        folder = Path(os.environ["GANSCOPE_DATA"]).expanduser()
        own, shared = _pair(folder / self.name, part), _pair(folder, part)
        return own or (None if shared and self._is_another(folder) else shared)

    def _is_another(self, folder: Path) -> bool:
        pair = _pair(folder, "train")
        first = tuple(idx.read(pair[1])[:10].tolist()) if pair else ()
        return first in [other.begins for other in (MNIST, FASHION_MNIST) if other is not self]

    def _in_cache(self, part: str, report: Report) -> tuple[Path, Path]:
        folder = download.cache_folder() / self.name
        wanted = [(f"{name}.gz", md5) for name, md5 in zip(FILES, self.md5) if name.startswith(part)]
        images, labels = (download.fetch(name, md5, folder, self.mirrors, report) for name, md5 in wanted)
        return images, labels


def _pair(folder: Path, part: str) -> tuple[Path, Path] | None:
    """The files of images and labels of a part in a folder, gzipped or unpacked, if both are there."""
    found = [_one(folder, name) for name in FILES if name.startswith(part)]
    return (found[0], found[1]) if all(found) else None


def _one(folder: Path, name: str) -> Path | None:
    # the third spelling is what some unpackers make of the name
    spellings = (f"{name}.gz", name, name.replace("-idx", ".idx"))
    return next((folder / s for s in spellings if (folder / s).is_file()), None)


def load(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, 28, 28) and labels (N,), uint8, checked against each other. Raises `idx.BadFile`."""
    pictures, classes = idx.read(images), idx.read(labels)
    if pictures.shape[1:] != (SIDE, SIDE) or not len(pictures):
        raise idx.BadFile(f"{images} has the shape {pictures.shape}: give (any number, {SIDE}, {SIDE})")
    if classes.shape != pictures.shape[:1]:
        raise idx.BadFile(f"{labels} has the shape {classes.shape}: {images.name} needs ({len(pictures)},)")
    if classes.max() >= CLASSES:
        raise idx.BadFile(f"{labels} holds the label {classes.max()}: labels go from 0 to {CLASSES - 1}")
    return pictures, classes


MNIST = Archive(
    name="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    md5=(
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    begins=(5, 0, 4, 1, 9, 2, 1, 3, 1, 4),
)

FASHION_MNIST = Archive(
    name="fashion-mnist",
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    md5=(
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    begins=(9, 0, 0, 3, 0, 2, 7, 2, 5, 5),
)
