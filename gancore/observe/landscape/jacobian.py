"""The field of a game of networks, v = (∇g L_G, ∇d L_D), and the eigenvalues of its Jacobian, without ever writing it down.

Plain simultaneous steps go along -v, so a resting point draws small pushes in if every eigenvalue has a positive real part;
imaginary parts turn (Mescheder et al. 2017; Berard et al. 2020 plot the same).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from gancore.game.game import Batch
from gancore.train.moves import Moves
from gancore.train.state import State

DENSE = 64  # weights up to which the matrix is small enough to be written down
SEARCHES = 40  # restarts of Arnoldi's method at most; what has been found by then is what there is


class Field:
    """v of a run on one batch, in 64 bits. Everything drawn on the way comes from the batch's seed, so v is a function."""

    def __init__(self, moves: Moves, state: State, z: Tensor, real: Tensor):
        """`z` (n, dim) and `real` (n, event); what does not fill a pack is left out."""
        n = len(z) // moves.game.input.packs * moves.game.input.packs
        self.moves, self.batch = moves, Batch(real[:n].double(), z[:n].double(), 0)
        self.state = State.from_tensors({name: double(tensor) for name, tensor in state.fork().tensors().items()})

    @property
    def w(self) -> Tensor:
        """(g, d) in one row."""
        return torch.cat([self.state.g, self.state.d])

    def at(self, w: Tensor, through: bool = False) -> Tensor:
        """v (n_g + n_d,) at these weights; with `through` it keeps its graph back to `w`."""
        g, d = w.split([len(self.state.g), len(self.state.d)])
        here = replace(self.state, g=g, d=d)
        _, by_d, _ = self.moves.d_gradient(here, self.batch, through=through)
        _, by_g, _ = self.moves.g_gradient(here, self.batch, through=through)
        return torch.cat([by_g, by_d])


class Jacobian:
    """∂v/∂w at one point, as what it makes of a vector from the left: one pass back through the graph of v.

    The transposed matrix has the same eigenvalues, and needs no second graph.
    """

    def __init__(self, field: Field):
        self.w = field.w.requires_grad_()
        self.v = field.at(self.w, through=True)
        self.n, self.n_g = len(self.w), len(field.state.g)
        self.blocks = (0, self.n_g), (self.n_g, self.n)  # G's weights, D's weights
        self.tick = lambda: None  # called before every product: who has little time may wait in it

    def from_left(self, u: np.ndarray) -> np.ndarray:
        """u · ∂v/∂w."""
        self.tick()
        (row,) = torch.autograd.grad(
            self.v, self.w, torch.from_numpy(u).view(-1), retain_graph=True, materialize_grads=True
        )
        return row.numpy()

    def eigenvalues(self, k: int = 20, tol: float = 1e-7) -> np.ndarray:
        """The `k` of largest magnitude, complex, the largest first; all of them where there are few. `tol` is relative."""
        if self.n <= DENSE:
            values = np.linalg.eigvals(np.stack([self.from_left(unit) for unit in np.eye(self.n)]))
        else:
            values = found("eigs", self.n, self.from_left, k, tol)
        return values[np.argsort(-np.abs(values), kind="stable")][:k]

    def of_player(self, first: int, last: int, k: int = 6, tol: float = 1e-7) -> np.ndarray:
        """The largest eigenvalues of one player's own block, the Hessian of its loss: real, for it is symmetric."""
        size = last - first

        def block(u: np.ndarray) -> np.ndarray:
            whole = np.zeros(self.n)
            whole[first:last] = u.ravel()
            return self.from_left(whole)[first:last]

        if size <= DENSE:
            values = np.linalg.eigvalsh(np.stack([block(unit) for unit in np.eye(size)]))
        else:
            values = found("eigsh", size, block, k, tol)
        return values[np.argsort(-np.abs(values), kind="stable")][:k]


def found(search: str, size: int, product: Callable[[np.ndarray], np.ndarray], k: int, tol: float) -> np.ndarray:
    """What ARPACK's search converges to, or as much of it as it did; it starts from the same vector every time."""
    from scipy.sparse import linalg  # 22 MB, which a worker should pay only for this

    matrix = linalg.LinearOperator((size, size), product, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(size)
    how = dict(which="LM", v0=start, maxiter=SEARCHES, tol=tol, return_eigenvectors=False)
    try:
        return getattr(linalg, search)(matrix, k, **how)
    except linalg.ArpackNoConvergence as error:
        return error.eigenvalues
    except linalg.ArpackError:  # A matrix of zeros, say, which leads nowhere.
        return np.empty(0)


def double(tensor: Tensor) -> Tensor:
    return tensor.double() if tensor.is_floating_point() else tensor
