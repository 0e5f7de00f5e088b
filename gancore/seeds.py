"""One seed, many named streams: every source of randomness in a run is a generator with a name."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager

import torch

GLOBAL = threading.RLock()  # held by whoever uses torch's own generator: while one run plays, another may be loading


def stream(seed: int, name: str) -> torch.Generator:
    """The CPU generator `name` of a run with this seed. Two names never share a stream."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))


def clone(generator: torch.Generator) -> torch.Generator:
    """A generator that will draw what this one would draw next."""
    return torch.Generator().set_state(generator.get_state())


@contextmanager
def seeded(seed: int | None = None):
    """Modules draw from torch's global generator and from no other: one thread has it, from `seed` on, and puts it back."""
    # `torch.random.fork_rng` does the same for every device at once, costs 100 µs instead of 2, and knows no threads.
    with GLOBAL:
        before = torch.default_generator.get_state()
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            torch.default_generator.set_state(before)
