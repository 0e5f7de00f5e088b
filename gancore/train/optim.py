"""Optimisers as functions: (weights, gradient, moments) in, (weights, moments) out. PyTorch's own are the oracle.

Nothing is written in place that a gradient may have to pass through: unrolling differentiates through a step. For its
sake a square is kept above the smallest number before its root is taken, whose slope at 0 is endless.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gancore.catalog import Catalog, knob

optimisers = Catalog("optimiser")


def rate(default: float):
    """The learning rate, the knob that every optimiser has."""
    return knob(default, 1e-6, 10.0, live=True, log=True, label="learning rate", help="Size of each step")


def decay(default: float, help: str):
    return knob(default, 0.0, 1.0, live=True, advanced=True, label="weight decay", help=help)


def root(square: Tensor) -> Tensor:
    return square.clamp_min(torch.finfo(square.dtype).tiny).sqrt()


class Moments:
    """What the two Adams share: a gradient's running mean over the root of its square's, both set free of their start."""

    def start(self, weights: Tensor) -> dict[str, Tensor]:
        zero = torch.zeros_like(weights)
        return {"mean": zero, "square": zero, "t": torch.zeros((), dtype=torch.float64)}

    def step(self, weights: Tensor, gradient: Tensor, moments: dict[str, Tensor], scale: float = 1.0):
        if weights.requires_grad or gradient.requires_grad:
            return self.written_out(weights, gradient, moments, scale)
        t = moments["t"] + 1
        weights, mean, square = (x.clone() for x in (weights, moments["mean"], moments["square"]))
        # PyTorch's kernel: one pass over memory where the formula takes nine.
        rules = dict(lr=self.lr * scale, beta1=self.beta1, beta2=self.beta2, eps=self.eps, weight_decay=0.0)
        count = t.to(weights.dtype)
        torch._fused_adam_([weights], [gradient], [mean], [square], [], [count], amsgrad=False, maximize=False, **rules)
        return weights, {"mean": mean, "square": square, "t": t}

    def written_out(self, weights: Tensor, gradient: Tensor, moments: dict[str, Tensor], scale: float):
        """The same step as a formula that a gradient can pass through."""
        t = moments["t"] + 1
        steps = t.item()
        mean = moments["mean"].lerp(gradient, 1 - self.beta1)
        square = (moments["square"] * self.beta2).addcmul(gradient, gradient, value=1 - self.beta2)
        size = self.lr * scale / (1 - self.beta1**steps)
        below = root(square).div((1 - self.beta2**steps) ** 0.5).add(self.eps)
        return weights.addcdiv(mean, below, value=-size), {"mean": mean, "square": square, "t": t}


@optimisers.add
class Adam(Moments):
    """Kingma & Ba 2015. GANs like β₁ below 0.9: momentum feeds the rotation of the game (Radford et al. 2016 use 0.5)."""

    name = "adam"
    lr: float = rate(1e-3)
    beta1: float = knob(0.5, 0.0, 0.9999, live=True, label="β₁", help="Memory of the mean gradient")
    beta2: float = knob(0.999, 0.0, 0.99999, live=True, advanced=True, label="β₂", help="Memory of its square")
    eps: float = knob(1e-8, 1e-12, 1.0, live=True, log=True, advanced=True, label="ε", help="Keeps the division finite")


@optimisers.add
class AdamW(Moments):
    """Loshchilov & Hutter 2019: Adam whose weights shrink by a share of their own, apart from the gradient's moments."""

    name = "adamw"
    lr: float = rate(1e-3)
    beta1: float = knob(0.5, 0.0, 0.9999, live=True, label="β₁", help="Memory of the mean gradient")
    beta2: float = knob(0.999, 0.0, 0.99999, live=True, advanced=True, label="β₂", help="Memory of its square")
    eps: float = knob(1e-8, 1e-12, 1.0, live=True, log=True, advanced=True, label="ε", help="Keeps the division finite")
    weight_decay: float = decay(0.01, "Share of each weight, times the learning rate, that every step takes away")

    def step(self, weights: Tensor, gradient: Tensor, moments: dict[str, Tensor], scale: float = 1.0):
        return super().step(weights * (1 - self.lr * scale * self.weight_decay), gradient, moments, scale)


@optimisers.add
class SGD:
    """Robbins & Monro 1951, with momentum as in Goodfellow et al. 2014; below zero it damps rotation (Gidel et al. 2019)."""

    name = "sgd"
    lr: float = rate(0.05)
    momentum: float = knob(0.5, -0.99, 0.99, live=True, help="Share of the last step that is taken again")
    weight_decay: float = decay(0.0, "Share of each weight that is added to its gradient")

    def start(self, weights: Tensor) -> dict[str, Tensor]:
        return {"velocity": torch.zeros_like(weights)}

    def step(self, weights: Tensor, gradient: Tensor, moments: dict[str, Tensor], scale: float = 1.0):
        if self.weight_decay:
            gradient = gradient.add(weights, alpha=self.weight_decay)
        velocity = gradient.add(moments["velocity"], alpha=self.momentum)
        return weights.add(velocity, alpha=-self.lr * scale), {"velocity": velocity}


@optimisers.add
class RMSProp:
    """Hinton 2012: each weight's step divided by its recent gradient size; what Arjovsky et al. 2017 train WGAN with."""

    name = "rmsprop"
    lr: float = rate(5e-4)
    alpha: float = knob(0.99, 0.0, 0.9999, live=True, advanced=True, label="α", help="Memory of the squared gradient")
    eps: float = knob(1e-8, 1e-12, 1.0, live=True, log=True, advanced=True, label="ε", help="Keeps the division finite")

    def start(self, weights: Tensor) -> dict[str, Tensor]:
        return {"square": torch.zeros_like(weights)}

    def step(self, weights: Tensor, gradient: Tensor, moments: dict[str, Tensor], scale: float = 1.0):
        square = (moments["square"] * self.alpha).addcmul(gradient, gradient, value=1 - self.alpha)
        return weights.addcdiv(gradient, root(square).add(self.eps), value=-self.lr * scale), {"square": square}
