"""The loop that people write, as the tutorials have it: modules, `torch.optim`, `backward()`, one iteration after another."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gancore.config import Config
from gancore.game.game import Game
from gancore.game.networks.pictures import Conv2d, ConvTranspose2d


def optimiser(choice, module: nn.Module) -> torch.optim.Optimizer:
    if choice.name == "sgd":
        return torch.optim.SGD(module.parameters(), choice.lr, choice.momentum)
    return torch.optim.Adam(module.parameters(), choice.lr, (choice.beta1, choice.beta2))


def as_written(module: nn.Module) -> nn.Module:
    """The module with PyTorch's own convolutions in the place of ours, which lie otherwise in memory."""
    for layer in module.modules():
        layer.__class__ = {Conv2d: nn.Conv2d, ConvTranspose2d: nn.ConvTranspose2d}.get(type(layer), type(layer))
    return module


class PlainLoop:
    """Plays a game's own networks, samples and updates; the networks are copies, on the device that is asked for."""

    def __init__(self, game: Game, config: Config, device: str = "cpu"):
        self.game, self.config, self.stream, self.device = game, config, torch.Generator().manual_seed(0), device
        self.g, self.d = (as_written(player.module).train().to(device) for player in (game.g, game.d))
        self.g_opt, self.d_opt = optimiser(config.g_opt, self.g), optimiser(config.d_opt, self.d)
        self.one, self.zero = (f(config.batch, 1, device=device) for f in (torch.ones, torch.zeros))
        self.iterate = {"alternating": self.alternating, "simultaneous": self.simultaneous}[config.dynamics.name]

    def advance(self, n: int) -> None:
        for _ in range(n):
            self.iterate()

    def alternating(self) -> None:
        real, fake = self.real(), self.g(self.z()).detach()
        self.d_opt.zero_grad()
        self.d_loss(real, fake).backward()
        self.d_opt.step()
        self.g_opt.zero_grad()
        self.g_loss(self.g(self.z())).backward()
        self.g_opt.step()

    def simultaneous(self) -> None:
        real, fake = self.real(), self.g(self.z())
        self.g_opt.zero_grad()
        self.g_loss(fake).backward()
        self.d_opt.zero_grad()
        self.d_loss(real, fake.detach()).backward()
        self.d_opt.step()
        self.g_opt.step()

    def d_loss(self, real, fake):
        loss = binary_cross_entropy_with_logits
        return loss(self.d(real), self.one) + loss(self.d(fake), self.zero)

    def g_loss(self, fake):
        return binary_cross_entropy_with_logits(self.d(fake), self.one)

    def real(self):
        return self.game.source.sample(self.config.batch, self.stream).to(self.device)

    def z(self):
        return self.config.noise.sample(self.config.batch, self.stream).to(self.device)
