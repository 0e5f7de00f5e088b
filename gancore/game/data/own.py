"""The user's own pictures and points, once they have been brought in under a name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gancore.catalog import knob
from gancore.game.data import stored
from gancore.game.data.download import Report, quiet
from gancore.game.data.images import Images, few, first, split
from gancore.game.data.plane import Window, around
from gancore.game.data.shelf import data
from gancore.once import once


def which(live: bool):
    """The knob that says which set: a name, never a path, because settings travel in links."""
    return knob(
        "mine", live=live, help="Its name, given when it was brought in with python -m gancore import PATH --name NAME"
    )


@data.add
class OwnPictures:
    """Radford et al. 2016 fed it bedrooms and album covers; feed it what you like: `python -m gancore import PATH`."""

    name = "own-pictures"
    page = "images"
    title = "Own pictures"
    set: str = which(live=False)
    pictures: int = few(1_000_000)

    def open(self, report: Report | None = None) -> Images:
        """Raises `BadKnob`, which lists the sets there are, if this one is not."""
        path = stored.place("pictures", self.set)
        (report or quiet)(f"Reading {self.set}", None)
        return first(_pictures(path, path.stat().st_mtime_ns), self.pictures)


@data.add
class OwnPoints:
    """Anscombe 1973: numbers agree where pictures differ, so look at the points; bring in yours as CSV."""

    name = "own-points"
    page = "plane"
    title = "Own points"
    swaps = True
    set: str = which(live=True)

    def open(self, report: Report | None = None) -> Points:
        """Raises `BadKnob`, which lists the sets there are, if this one is not."""
        path = stored.place("points", self.set)
        (report or quiet)(f"Reading {self.set}", None)
        return _points(path, path.stat().st_mtime_ns)


@dataclass(frozen=True, eq=False)
class Points:
    """Points in memory, float32 (N, 2). Safe to share by threads."""

    points: Tensor

    shape = (2,)
    squash = "linear"

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` of the points drawn with replacement, (n, 2)."""
        return self.points[torch.randint(len(self.points), (n,), generator=generator)]

    @property
    def window(self) -> Window:
        return around(self.points.amin(0).tolist(), self.points.amax(0).tolist())

    @property
    def scale(self) -> float:
        return self.points.var(0).mean().sqrt().item() or 1.0


# The time of writing stands beside the path: a set that was removed and brought in anew is another one.
@once(2)
def _pictures(path: Path, written: int) -> Images:
    pictures = torch.from_numpy(stored.load(path))
    n, channels, side, _ = pictures.shape
    labels = torch.zeros(n, dtype=torch.uint8)
    return split(Images(f"own-{path.stem}", pictures.flatten(1), labels, side=side, channels=channels))


@once(8)
def _points(path: Path, written: int) -> Points:
    return Points(torch.from_numpy(stored.load(path)))
