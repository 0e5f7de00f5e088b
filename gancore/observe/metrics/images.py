"""Where pictures lie: the principal plane of a data set, and the nearest real picture to a generated one.

Pure functions of arrays, except that a fitted plane is kept per process and on disk. Any thread may call anything here.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gancore.game.data.download import cache_folder

MOST_COMPONENTS = 50
MOST_ROWS = 10_000  # to fit on: on MNIST the axes then hold 82.4 % of the variance, with all 60,000 rows 82.5 %
MOST_NUMBERS = 10_000_000  # in those rows: fewer of them where pictures are large
EXACT = 1024  # numbers in a picture up to which all axes are found and the first ones kept
SPARE, TIMES = 10, 7  # directions beyond those that are kept, and iterations, where only the first axes are looked for
SHORTLIST = 32
QUERIES = 16  # looked up together: 4 MB of scores against 60,000 pictures
GAP = 96  # grey of the lines between tiles, seen on black and on white


@dataclass(frozen=True, eq=False)
class Plane:
    """Principal axes of a set of pictures, longest first. Pixels count from 0 to 1."""

    mean: np.ndarray  # (p,) float32
    components: np.ndarray  # (k, p) float32, orthonormal rows; k = 50, or fewer where the data have fewer directions
    explained: np.ndarray  # (k,) float32, the share of the variance along each, together at most 1

    @classmethod
    def fit(cls, pixels) -> Plane:
        """Pearson 1901, Hotelling 1933, on at most 10,000 evenly spaced rows of `pixels` uint8 (N, p).

        An axis has no sign of its own; here its entry of largest size is positive, so that pictures agree everywhere.
        scikit-learn's PCA finds the same, but brings 140 MB along. Raises ValueError for fewer than two pictures.
        """
        if len(pixels) < 2:
            raise ValueError(f"a plane needs two pictures or more to lie in: {len(pixels)} came")
        rows = torch.from_numpy(_fit_rows(pixels))
        k = min(MOST_COMPONENTS, *rows.shape)
        mean, variances, axes, whole = (_all_axes if rows.shape[1] <= EXACT else _first_axes)(rows, k)
        largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
        axes = torch.where(largest < 0, -axes, axes)
        share = (variances.clamp(min=0) / whole).nan_to_num()  # 0/0 where all pictures are the same
        return cls(*(x.float().numpy() for x in (mean, axes, share)))

    @classmethod
    def of(cls, name: str, pixels) -> Plane:
        """The plane of a data set, fitted once: kept for the process, and in the cache folder for the next one."""
        rows = _fit_rows(pixels)
        key = f"{name}-{len(pixels)}x{rows.shape[1]}-{hashlib.blake2b(rows, digest_size=8).hexdigest()}"
        with _lock:
            if key not in _planes:
                path = cache_folder() / "planes" / f"{key}.npz"
                _planes[key] = _stored(path, rows.shape[1]) or _store(path, cls.fit(pixels))
            return _planes[key]

    def project(self, x, dims: int = MOST_COMPONENTS) -> np.ndarray:
        """Coordinates (n, dims) float32 of pictures `x` (n, p) in [0, 1] along the first `dims` axes (at most k)."""
        return (np.asarray(x, np.float32) - self.mean) @ self.components[:dims].T


_planes: dict[str, Plane] = {}
_lock = threading.Lock()


def _fit_rows(pixels) -> np.ndarray:
    count = min(len(pixels), MOST_ROWS, max(MOST_NUMBERS // pixels.shape[1], 2))
    rows = np.linspace(0, len(pixels) - 1, count).round().astype(np.int64)
    return np.asarray(pixels)[rows]


def _all_axes(rows: torch.Tensor, k: int) -> tuple[torch.Tensor, ...]:
    """Of uint8 rows (n, p): the mean (p,), the k largest variances, their axes (k, p), and the variance in all.

    Sums of whole numbers are exact, in single precision over 256 rows (255² · 256 < 2²⁴), in double over all of them.
    """
    n, p = rows.shape
    total, products = torch.zeros(p, dtype=torch.float64), torch.zeros(p, p, dtype=torch.float64)
    for part in map(torch.Tensor.float, rows.split(256)):
        total += part.sum(0)
        products += part.T @ part
    covariance = (n * products - total.outer(total)) / (n * (n - 1) * 255.0**2)
    variances, axes = torch.linalg.eigh(covariance)  # the shortest first
    return total / n / 255, variances.flip(0)[:k], axes.T.flip(0)[:k], covariance.trace()


def _first_axes(rows: torch.Tensor, k: int) -> tuple[torch.Tensor, ...]:
    """The same of large pictures, by subspace iteration (Halko, Martinsson & Tropp 2011): all axes cost the cube of p."""
    x = rows.float().div_(255)
    mean = x.mean(0)
    x -= mean
    chance = torch.Generator().manual_seed(0)
    basis = torch.randn(x.shape[1], min(k + SPARE, *x.shape), generator=chance)
    for _ in range(TIMES):
        basis = torch.linalg.qr(x.T @ torch.linalg.qr(x @ basis)[0])[0]
    lengths, turned = torch.linalg.svd(x @ basis, full_matrices=False)[1:]
    n = len(x) - 1
    return mean, lengths[:k].square() / n, (turned @ basis.T)[:k], x.square_().sum() / n


def _stored(path: Path, p: int) -> Plane | None:
    """The plane in a file, or nothing if the file is missing, damaged or of another shape."""
    try:
        with np.load(path, allow_pickle=False) as file:
            plane = Plane(file["mean"], file["components"], file["explained"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError):
        return None
    k = len(np.atleast_1d(plane.explained))
    arrays = (plane.mean, plane.components, plane.explained)
    right = [a.shape for a in arrays] == [(p,), (k, p), (k,)] and all(a.dtype == np.float32 for a in arrays)
    return plane if right and all(np.isfinite(a).all() for a in arrays) else None


def _store(path: Path, plane: Plane) -> Plane:
    """Writes the file whole or not at all. A cache that cannot be written only costs the next process a fit."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            np.savez(file, mean=plane.mean, components=plane.components, explained=plane.explained)
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
    return plane


class Neighbours:
    """The nearest real picture in pixel space, found by way of the plane: is the generator copying?

    The 32 pictures nearest within the plane are measured exactly, pixel by pixel. On MNIST that finds the nearest of
    all for 99.9 % of unseen digits, 99.8 % with noise of 0.2 added to each pixel, 97 % with 0.5, and otherwise one at
    most 4 % farther (a shortlist of 20: 99.6 %, 99.4 %, 95 %). Judging |c|² in full and not within the plane is worse.
    """

    def __init__(self, plane: Plane, pixels):
        """`pixels` uint8 (N, p), of which a view is kept. Takes 0.2 s and 12 MB for 60,000 MNIST pictures."""
        self.plane = plane
        self.pixels = torch.as_tensor(pixels)
        # as many blocks as there are members in 32 of them, so that neither sort is long
        self._members = math.isqrt(len(self.pixels) // SHORTLIST) + 1
        self._blocks = -(-len(self.pixels) // self._members)
        # one row (coordinates, their squared length) a picture, padded by pictures infinitely far away
        self._table = torch.zeros(self._members * self._blocks, len(plane.components) + 1)
        self._table[:, -1] = torch.inf
        for chunk, rows in zip(self.pixels.split(4096), self._table[: len(self.pixels)].split(4096)):
            rows[:, :-1] = torch.from_numpy(plane.project(chunk.float() / 255))
            rows[:, -1] = rows[:, :-1].square().sum(1)

    def nearest(self, x) -> tuple[np.ndarray, np.ndarray]:
        """For pictures `x` (n, p) in [0, 1]: rows of `pixels` (n,) int64, Euclidean distances (n,) float32.

        A picture with NaN in it gets some row, at distance NaN.
        """
        found = [self._nearest(some) for some in torch.as_tensor(x, dtype=torch.float32).split(QUERIES)]
        index, distance = (torch.cat(part).numpy() for part in zip(*found))
        return index, distance

    def _nearest(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        listed = self._shortlist(x)  # (n, 32)
        distance = self.pixels[listed].float().div_(255).sub_(x[:, None]).square_().sum(2)  # (n, 32)
        best = distance.argmin(1, keepdim=True)
        return listed.gather(1, best)[:, 0], distance.gather(1, best)[:, 0].sqrt()

    def _shortlist(self, x: torch.Tensor) -> torch.Tensor:
        """Rows (n, 32) nearest within the plane.

        Sorting 60,000 numbers a query takes longer than making them. But the 32 smallest lie in the 32 blocks of
        smallest minima, minima are quick to take, and what is left to sort is short.
        """
        query = torch.cat([-2 * torch.from_numpy(self.plane.project(x)), torch.ones(len(x), 1)], 1)
        # |c|² - 2 q·c for row i * blocks + j of the table, which is member i of block j
        score = (self._table @ query.T).view(self._members, self._blocks, len(x))
        blocks = _smallest(score.amin(0).T)  # (n, b)
        at = blocks[:, None].expand(-1, self._members, -1)
        chosen = _smallest(score.permute(2, 0, 1).gather(2, at).flatten(1))
        b = blocks.shape[1]
        rows = chosen // b * self._blocks + blocks.gather(1, chosen % b)
        return rows.clamp(max=len(self.pixels) - 1)  # only a query with NaN can choose the padding


def _smallest(values: torch.Tensor) -> torch.Tensor:
    """Places of the 32 smallest of each row, of all where there are fewer: (n, m) -> (n, min(32, m))."""
    return values.topk(min(SHORTLIST, values.shape[1]), largest=False).indices


def tile(images, columns: int | None = None) -> np.ndarray:
    """Pictures (n, side*side) or (n, 3*side*side), uint8 or float in [0, 1], as one with a grey line between tiles.

    uint8, shape (rows * side + rows - 1, columns * side + columns - 1) and, in colour, 3; as square as n allows unless
    `columns` is given.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8:
        images = np.rint(np.nan_to_num(images).clip(0, 1) * 255).astype(np.uint8)
    channels, side = form(images.shape[1])
    columns = columns or math.isqrt(max(len(images) - 1, 0)) + 1
    rows = -(-len(images) // columns)
    sheet = np.full((rows * columns, channels, side + 1, side + 1), GAP, np.uint8)
    sheet[: len(images), :, :side, :side] = images.reshape(-1, channels, side, side)
    joined = sheet.reshape(rows, columns, channels, side + 1, side + 1).transpose(0, 3, 1, 4, 2)
    joined = joined.reshape(rows * (side + 1), -1, channels)[:-1, :-1]
    return np.ascontiguousarray(joined[..., 0] if channels == 1 else joined)


def form(pixels: int) -> tuple[int, int]:
    """Channels and side of a square picture with so many numbers; no number is both a square and three squares."""
    for channels in (1, 3):
        side = math.isqrt(pixels // channels)
        if channels * side * side == pixels:
            return channels, side
    raise ValueError(
        f"{pixels} pixels make no square picture: give 64 for 8x8, 784 for 28x28, 3072 for 32x32 in colour"
    )
