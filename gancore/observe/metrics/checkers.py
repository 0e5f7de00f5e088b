"""How much of a checkerboard pictures hold: energy where enlarging by two leaves its mark.

Odena, Dumoulin & Olah 2016: a transposed convolution paints pixels of odd and of even place differently. That is energy
at waves two pixels long, more than just beside them; mere noise has as much there as here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Checkers:
    """What real pictures have, to hold others against. `shape` is (channels, side, side)."""

    shape: tuple[int, int, int]
    share: float  # of their energy that lies at waves two pixels long
    peak: float  # how much more that is than just beside them
    bands: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, shape: tuple[int, int, int], samples: list[np.ndarray]) -> Checkers:
        """From several real samples (n, pixels) of the size that will be held against them."""
        known = np.array([checkers(x, shape) for x in samples])
        share, peak = known.mean(0)
        low, high = (known / (share, peak)).min(0), (known / (share, peak)).max(0)
        bands = {"checker": (float(low[0]), float(high[0])), "peak": (float(low[1]), float(high[1]))}
        return cls(shape, float(share), float(peak), bands)

    def measure(self, x: np.ndarray) -> dict[str, float]:
        """Both of pictures (n, pixels) in [0, 1], in parts of what real ones have."""
        share, peak = checkers(x, self.shape)
        return {"checker": share / self.share, "peak": peak / self.peak}


def checkers(x: np.ndarray, shape: tuple[int, int, int]) -> tuple[float, float]:
    """Share of the energy of pictures (n, pixels) at waves two pixels long; and that over the share of the next longer ones."""
    *_, beside, fine = np.maximum(waves(x, shape), 1e-12)
    return float(fine), float(fine / beside)


def waves(x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Share of the energy of pictures (n, pixels), brightness left out, at waves across, down and along the diagonal.

    (side // 2,): from the longest, as long as the side or one pixel more, to those of two pixels.
    """
    _, side, _ = shape
    flat = np.asarray(x, np.float32).reshape(-1, side, side)
    flat = flat - flat.mean((1, 2), keepdims=True)
    turn = np.concatenate([[0.0], 2 * np.pi / lengths(side)])
    wave = np.exp(1j * turn[:, None] * np.arange(side)).astype(np.complex64)
    seen = (np.abs(wave @ flat @ wave.T) ** 2).mean(
        0
    )  # (1 + side // 2, 1 + side // 2): none and longer to shorter, down and across
    whole = float((flat**2).sum((1, 2)).mean()) * side**2
    return (seen[0, 1:] + seen[1:, 0] + seen.diagonal()[1:]) / max(whole, 1e-12)


def lengths(side: int) -> np.ndarray:
    """The lengths of those waves in pixels, (side // 2,)."""
    return 2 / (1 - 2 * np.arange(side // 2)[::-1] / side)
