"""One seed, many named streams: every source of randomness in a run is a generator with a name."""

from __future__ import annotations

import hashlib

import torch


def stream(seed: int, name: str) -> torch.Generator:
    """The CPU generator `name` of a run with this seed. Two names never share a stream."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))


def clone(generator: torch.Generator) -> torch.Generator:
    """A generator that will draw what this one would draw next."""
    return torch.Generator().set_state(generator.get_state())
