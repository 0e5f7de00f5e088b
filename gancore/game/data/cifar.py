"""CIFAR-10 in its binary format: one byte of label, then the red, green and blue of 32x32 pixels, row by row."""

from __future__ import annotations

import os
import tarfile
import zlib
from pathlib import Path

import numpy as np
import torch

from gancore.game.data import download
from gancore.game.data.download import Report, quiet
from gancore.game.data.idx import BadFile
from gancore.game.data.images import HELD, Images, spaced
from gancore.game.data.shelf import data
from gancore.once import once

SIDE, CHANNELS, CLASSES = 32, 3, 10
RECORD = 1 + CHANNELS * SIDE * SIDE  # bytes
MOST = 10_000 * RECORD  # bytes in one file of the set
FOLDER = "cifar-10-batches-bin"
FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
UNSEEN = "test_batch.bin"  # held out where it is there

ARCHIVE = "cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
MIRRORS = (
    "https://www.cs.toronto.edu/~kriz/",
    "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/",
)


@data.add
class Cifar10:
    """Krizhevsky 2009: 50,000 colour photographs of 32x32 pixels, of animals and vehicles."""

    name = "cifar-10"
    page = "images"
    title = "CIFAR-10 32×32"

    def open(self, report: Report | None = None) -> Images:
        report = report or quiet
        place = find(report)
        report("Reading cifar-10", None)
        return _load(place)


def find(report: Report = quiet) -> Path:
    """The extracted folder or the archive: the user's (in `$GANSCOPE_DATA` or its `cifar-10`), else the cache's.

    Raises `DownloadFailed` if it is nowhere to be had; what `report` raises passes through.
    """
    if os.environ.get("GANSCOPE_DATA"):
        home = Path(os.environ["GANSCOPE_DATA"]).expanduser()
        for place in (home, home / "cifar-10"):
            for folder in (place / FOLDER, place):
                if (folder / FILES[0]).is_file():
                    return folder
            if (place / ARCHIVE).is_file():
                return place / ARCHIVE
    return download.fetch(ARCHIVE, MD5, download.cache_folder() / "cifar-10", MIRRORS, report)


@once(1)
def _load(place: Path) -> Images:
    parts = _from_folder(place) if place.is_dir() else _from_archive(place)
    read = {Path(name).name: _records(name, content) for name, content in parts}
    unseen = read.pop(UNSEEN, np.empty((0, RECORD), np.uint8))
    records = np.concatenate(list(read.values()))
    labels, pixels, unseen = records[:, 0].copy(), np.ascontiguousarray(records[:, 1:]), unseen[:, 1:].copy()
    if labels.max() >= CLASSES:
        raise BadFile(f"{place} holds the label {labels.max()}: labels go from 0 to {CLASSES - 1}")
    pixels, labels, unseen = map(torch.from_numpy, (pixels, labels, unseen))
    return Images("cifar-10", pixels, labels, side=SIDE, channels=CHANNELS, held_out=spaced(unseen, HELD))


def _from_folder(place: Path):
    for name in (*FILES, UNSEEN):
        if not (place / name).is_file():
            if name == UNSEEN:
                continue
            raise BadFile(f"{place} has no {name}: give all of {', '.join(FILES)}")
        with open(place / name, "rb") as file:
            yield place / name, file.read(MOST + 1)


def _from_archive(place: Path):
    """Reads the files straight from the archive, in its order: nothing is unpacked to the disk."""
    left = set(FILES)
    try:
        with tarfile.open(place, "r:gz") as packed:
            for member in packed:
                name = Path(member.name).name
                if member.isfile() and (name in left or name == UNSEEN):
                    left.discard(name)
                    yield f"{place}/{name}", packed.extractfile(member).read(MOST + 1)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as problem:
        raise BadFile(f"{place} is not a whole .tar.gz ({problem}): fetch it again") from None
    if left:
        raise BadFile(f"{place} has no {', '.join(sorted(left))}: give {ARCHIVE} from {MIRRORS[0]}")


def _records(name, content: bytes) -> np.ndarray:
    if not content or len(content) % RECORD or len(content) > MOST:
        raise BadFile(f"{name} has {len(content):,} bytes: give up to {MOST:,}, a multiple of {RECORD:,}")
    return np.frombuffer(content, np.uint8).reshape(-1, RECORD)
