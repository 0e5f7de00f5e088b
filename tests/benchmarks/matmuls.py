"""The matrix products of one iteration alone: what `torch.mm` makes of a game's own shapes, as the limit of its engine."""

from __future__ import annotations

import time

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gancore.train.engines.eager import Eager
from gancore.train.trainer import Trainer

PRODUCTS = {torch.ops.aten.mm.default: (0, 1), torch.ops.aten.addmm.default: (1, 2)}  # where their factors stand


class Products(TorchDispatchMode):
    """Keeps the factors of every product that is computed while it is entered."""

    def __init__(self):
        super().__init__()
        self.factors = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in PRODUCTS:
            self.factors.append(tuple(args[at].detach() for at in PRODUCTS[func]))
        return func(*args, **(kwargs or {}))


class Matmuls:
    """An iteration's products, to be computed again and again; `flops` of them all."""

    def __init__(self, trainer: Trainer):
        with Products() as products:
            Eager(trainer.game, trainer.config).play(trainer.state.fork(), 1)
        self.jobs = [(a, b, torch.empty(len(a), b.shape[1])) for a, b in products.factors]
        self.flops = sum(2 * a.numel() * b.shape[1] for a, b, _ in self.jobs)

    def advance(self, n: int) -> None:
        for _ in range(n):
            for a, b, out in self.jobs:
                torch.mm(a, b, out=out)


def square(seconds: float, side: int = 1024) -> float:
    """GFLOP/s of one thread on a large square product, for comparison."""
    a, b = torch.randn(2, side, side)
    out, n, began = torch.empty(side, side), 0, time.thread_time()
    while time.thread_time() - began < seconds:
        torch.mm(a, b, out=out)
        n += 1
    return 2e-9 * n * side**3 / (time.thread_time() - began)
