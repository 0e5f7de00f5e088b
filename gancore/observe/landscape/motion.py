"""Where a method leads on a toy game: its walk from a point, the way it would go from every point, and its slope at rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from gancore.config import Config
from gancore.observe.landscape.toys import Motion
from gancore.train.state import State

FIXED = ("streams", "counts")
# Central differences of eighth order: what they leave out is below rounding, which matters where two eigenvalues meet
# and an error of ε moves them by √ε.
STENCIL = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
PUSH = 0.02
FAR = 1e6  # who has gone so far has left; what follows is a gap


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The update's eigenvalues at rest, per period, the largest first; `carried` are the parts of the state it hangs on."""

    eigenvalues: np.ndarray
    carried: tuple[str, ...]
    radius: float  # per iteration


@lru_cache(maxsize=512)
def walk(config: Config, at: tuple[float, float], iterations: int) -> np.ndarray:
    """(θ, ψ) from `at` on, (iterations + 1, 2)."""
    motion = Motion(config, torch.tensor([at], dtype=torch.float64))
    points = [motion.points[0]]
    for _ in range(iterations):
        motion.step()
        points.append(motion.points[0])
        if not points[-1].abs().max() < FAR:
            break
    walked = torch.stack(points).numpy()
    walked[~(np.abs(walked) < FAR)] = np.nan
    return np.pad(walked, ((0, iterations + 1 - len(walked)), (0, 0)), constant_values=np.nan)


@lru_cache(maxsize=512)
def field(config: Config, reach: tuple[float, float], across: int, down: int) -> tuple[np.ndarray, np.ndarray]:
    """A grid within ± `reach`, and where one iteration from rest leads from each of its points: (across · down, 2) twice."""
    grid = torch.cartesian_prod(*(centres(half, n) for half, n in zip(reach, (across, down))))
    motion = Motion(config, grid)
    motion.step()
    return grid.numpy(), (motion.points - grid).numpy()


def centres(half: float, n: int) -> torch.Tensor:
    """The middles of n cells between ± half."""
    return half * (2 * (torch.arange(n, dtype=torch.float64) + 0.5) / n - 1)


@lru_cache(maxsize=2048)
def spectrum(config: Config, period: int = 1) -> Spectrum:
    """Of the Jacobian of `period` iterations at (0, 0), by all that a state holds: weights, moments, what dynamics remember.

    A part that changes nothing (the velocity of SGD without momentum) is left out, and with it an eigenvalue of 0.
    """
    jacobian, names = slopes(config, period)
    matters = jacobian.any(0)
    values = np.linalg.eigvals(jacobian[np.ix_(matters, matters)])
    values = values[np.argsort(-np.abs(values), kind="stable")]
    carried = tuple(name for name, kept in zip(names, matters) if kept)
    return Spectrum(values, carried, float(np.abs(values[0])) ** (1 / period))


def slopes(config: Config, period: int) -> tuple[np.ndarray, list[str]]:
    """The Jacobian by central differences, every push in a copy of its own; and the names of the parts of a state."""
    settled = rest(config, 1, period)
    names = [name for name, tensor in settled.items() if tensor.ndim and not name.startswith(FIXED)]
    offsets = [sign * at for at in STENCIL for sign in (1, -1)]
    weights = np.array([sign * STENCIL[at] for at in STENCIL for sign in (1, -1)]) / PUSH
    pushes = torch.kron(torch.eye(len(names)), torch.tensor(offsets, dtype=torch.float64) * PUSH)  # (names, copies)
    motion = Motion(config, torch.zeros(pushes.shape[1], 2))
    start = rest(config, pushes.shape[1], period) | dict(zip(names, pushes))
    motion.state = State.from_tensors(start)
    for _ in range(period):
        motion.step()
    end = motion.state.tensors()
    after = torch.stack([end[name] for name in names]).view(len(names), len(names), len(offsets)).numpy()
    return after @ weights, names


def rest(config: Config, copies: int, period: int) -> dict[str, torch.Tensor]:
    """The state of so many copies at (0, 0) after one period, when all that is remembered is there."""
    motion = Motion(config, torch.zeros(copies, 2))
    for _ in range(period):
        motion.step()
    return motion.state.tensors()
