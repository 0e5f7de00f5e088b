"""The `networks` catalog itself, apart from its members so that each of them can import it."""

from __future__ import annotations

import torch
from torch import nn

from gancore.catalog import Catalog

networks = Catalog("network")


class Network:
    """What a network answers unless it says otherwise.

    `sees_batch`: what it says of one sample depends on the other samples of its batch. `lent`: its modules may be in use
    elsewhere too, as those of a user's function.
    """

    sees_batch = False
    lent = False

    def build(self, takes: tuple, gives: tuple, squash: str, generator: torch.Generator) -> nn.Module:
        """A module from (batch, prod(takes)) to (batch, prod(gives)), its output through `squash`, drawn from `generator`.

        `takes` and `gives` are the shapes before they were made flat, such as (channels, side, side).

        Raises:
            BadKnob: shapes that it cannot go between.
        """
        raise NotImplementedError

    def meet(self, module: nn.Module, source, generator: torch.Generator) -> None:
        """What G learns from the real source before the first move: nothing, usually."""

    def refuses(self, config) -> str | None:
        """Why it cannot play in this config, in one sentence, or None."""
        if self.sees_batch and config.batch < 2:
            return "samples of a batch see each other in this network: give a batch of 2 or more"
        return None
