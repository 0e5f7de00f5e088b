"""A user's own modules as players: code that runs here and now, from the user's own hands, never from a link or a file."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from math import prod

import torch
from torch import nn

from gancore.catalog import BadKnob, shown
from gancore.game.networks.bends import squashed
from gancore.game.networks.shelf import Network, networks
from gancore.game.player import Player
from gancore.seeds import seeded


class Own(Network):
    """A network made by the user's function; its first weights follow the run's seed like everybody's."""

    lent = True

    def build(self, takes: tuple, gives: tuple, squash: str, generator: torch.Generator) -> nn.Sequential:
        seed = int(torch.randint(2**62, (), generator=generator))
        with seeded(seed):
            module = self.make(prod(takes), prod(gives))
        drew = _examine(self, module, prod(takes), prod(gives))
        network = nn.Sequential(module, *squashed(squash))
        network.random, network.sees_batch = drew, self.sees_batch
        return network


def own(name: str, make: Callable[[int, int], nn.Module], sees_batch: bool = False) -> None:
    """Puts `make` on the catalog, so that it can be picked as `g` or `d` in the process that said so.

        from gancore.game.networks import own

        own("wide", lambda takes, gives: nn.Sequential(nn.Linear(takes, 512), nn.ReLU(), nn.Linear(512, gives)))
        Trainer(Config.from_flat({"d": "wide"})).advance(1000)

    `make(takes, gives)` returns a module from (batch, takes) to (batch, gives), flat both; a class whose constructor
    takes these two numbers does as well. Said again, as in a notebook, the newer one holds. `sees_batch` tells that the
    samples of a batch see each other in it, so that penalties of single samples are refused.

    Raises:
        BadKnob: a name that no link could carry or that is taken by a network of the instrument.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9.]+)*", name):
        raise BadKnob(f"network name {shown(name)} cannot be used: give small letters and digits joined by hyphens")
    if name in networks and not issubclass(networks[name], Own):
        raise BadKnob(f"network {shown(name)} is one of the instrument's own: give another name")
    said = {"make": staticmethod(make), "sees_batch": sees_batch, "__doc__": inspect.getdoc(make) or "Your own module."}
    if name not in networks:
        networks.add(type("Own", (Own,), {"name": name, **said}))
    for key, value in said.items():
        setattr(networks[name], key, value)


def _examine(choice: Own, module: nn.Module, takes: int, gives: int) -> bool:
    """Finds out by playing it whether a module keeps its promises, and returns whether it draws numbers of its own."""
    promise = f"network {choice.name} has to be a module from (batch, {takes}) to (batch, {gives})"
    if not isinstance(module, nn.Module):
        raise BadKnob(f"{promise}: it is {shown(type(module).__name__)}")
    if not list(module.parameters()):
        raise BadKnob(f"{promise} with weights to learn: it has none")
    x = torch.randn(3, takes, generator=torch.Generator().manual_seed(0))
    elsewhere = torch.cat([x[:1], x[1:] + 1])
    try:
        (y, drew), (changed, _) = _played(module, x), _played(module, elsewhere)
    except Exception as error:  # anything may be wrong with it
        raise BadKnob(f"{promise}: {error}") from error
    made = tuple(y.shape) if isinstance(y, torch.Tensor) else type(y).__name__
    if made != (3, gives):
        raise BadKnob(f"{promise}: of (3, {takes}) it made {made}")
    if not torch.allclose(y[0], changed[0]) and not choice.sees_batch:
        raise BadKnob(f"samples of a batch see each other in network {choice.name}: add it with sees_batch=True")
    return drew


def _played(module: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, bool]:
    """What it gives in training, and whether it drew numbers for that."""
    player = Player(module)
    buffers = {name: buffer.clone() for name, buffer in player.buffers.items()}
    player.random = False  # it shall draw in sight
    with seeded(0), torch.no_grad():
        fresh = torch.default_generator.get_state()
        y = player(player.weights(player.start), buffers, x, training=True)
        return y, not torch.equal(fresh, torch.default_generator.get_state())
