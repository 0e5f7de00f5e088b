"""The smallest games, two numbers against each other, played by what trains networks: many copies at once, in 64 bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from gancore.config import Config
from gancore.game.game import Batch, Game
from gancore.game.player import Player
from gancore.train.moves import Moves
from gancore.train.state import State


@dataclass(frozen=True)
class Toy:
    """G(z) = θ, D(x) = -ψx, every real sample 0. Near 0 each of them is slope · (-ψ, θ): a rotation, and nothing else."""

    title: str
    loss: str
    slope: float
    value: str  # what G wants small, in LaTeX
    says: str


TOYS = {
    "dirac": Toy(
        "Dirac-GAN", "minimax", 0.5, r"-\log(1 + e^{-\psi\theta})",
        "Mescheder et al. 2018: all real samples are 0, G is the number θ, D the slope ψ; the losses of 2014",
    ),
    "dirac-non-saturating": Toy(
        "Dirac-GAN, non-saturating", "non-saturating", 0.5, r"\log(1 + e^{\psi\theta})",
        "The same two numbers; G wants a high D(x) instead of a low 1 - D(x)",
    ),
    "bilinear": Toy(
        "Bilinear game", "wasserstein", 1.0, r"\theta\psi",
        "min over θ, max over ψ of their product: the Dirac-GAN with Wasserstein's loss, whose field is a rotation everywhere",
    ),
}  # fmt: skip


def config_of(toy: Toy, h: float, settings: Mapping[str, Any]) -> Config:
    """The toy as a config: plain steps of size h, both at once, but for what `settings` say."""
    game = {"data": "dirac", "noise": "point", "g": "dirac", "d": "dirac", "batch": 1, "loss": toy.loss}
    plain = {f"{opt}{knob}": value for opt in ("g_opt", "d_opt") for knob, value in (("", "sgd"), (".momentum", 0.0))}
    rules = game | {"dynamics": "simultaneous"} | (plain if "g_opt" not in settings else {}) | dict(settings)
    return Config.from_flat(rules | {"g_opt.lr": h, "d_opt.lr": h})


class Swarm(Game):
    """Copies of one toy game, each from its own point (θ, ψ), that know nothing of each other: one call moves all.

    A loss is a mean over its batch and every copy owns one sample of it, hence the factor: each has the loss it would have alone.
    """

    def __init__(self, config: Config, points: Tensor):
        """`points` (n, 2): the first (θ, ψ) of every copy."""
        self.source, self.copies, self.together = config.data, len(points), False
        self.set_rules(config)
        theta, psi = points.double().T
        self.g, self.d = Player(Numbers(theta)), Player(Numbers(-psi))

    def draw(self, streams, with_real: bool = True) -> Batch:
        ones = torch.ones(self.copies, 1, dtype=torch.float64)
        return Batch(self.source.at * ones, ones, 0)

    def d_loss(self, g, d, state, batch):
        loss, outputs = super().d_loss(g, d, state, batch)
        return self.copies * loss, outputs

    def g_loss(self, g, d, state, batch):
        return self.copies * super().g_loss(g, d, state, batch)


class Numbers(nn.Module):
    """One weight for each row of a batch: (n, 1) -> (n, 1)."""

    def __init__(self, numbers: Tensor):
        super().__init__()
        self.weight = nn.Parameter(numbers.clone())

    def forward(self, x: Tensor) -> Tensor:
        return self.weight[:, None] * x


class Motion:
    """A swarm in motion: `state` is a value, `step` is the update."""

    def __init__(self, config: Config, points: Tensor):
        self.config, game = config, Swarm(config, points)
        self.moves, self.state = Moves(game, config), State.start(game, config)

    def step(self) -> None:
        """One iteration of every copy."""
        state, _ = self.config.dynamics.iterate(self.moves, self.state)
        self.state = replace(state, iteration=state.iteration + 1)

    @property
    def points(self) -> Tensor:
        """(θ, ψ) of every copy, (n, 2)."""
        return torch.stack([self.state.g.detach(), -self.state.d.detach()], 1)
