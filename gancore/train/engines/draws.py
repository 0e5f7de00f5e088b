"""Draws by the compiled kernels, in the place of PyTorch's own where they are seen to draw the same.

PyTorch takes a generator's words one by one; `stretches.cpp` makes and takes whole blocks of them. On processors where PyTorch
draws otherwise (through MKL on Intel's) the trial says so.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator
from torch.utils._pytree import tree_map

from gancore.train.engines.compiling import kernels
from gancore.train.engines.plan import Call, perform
from gancore.train.engines.proving import alike, elsewhere, signed
from gancore.train.engines.stretches import asked, plain
from gancore.train.engines.tape import Reseed, aten

STANDS = (0, 1, 623)  # words taken before: a new generator, one in the middle of a block, one at its last word
PROVEN: dict[tuple, bool] = {}  # by signature, in this process


def drawn(call: Call | Reseed) -> Call | None:
    """The draw as one of the kernels' own, or None if there is none that has been seen to draw the same."""
    if isinstance(call, Reseed) or call.run not in DRAWS or not kernels.ready():
        return None
    own = drawing(call)
    if own is None:
        return None
    signature = signed(replace(call, options={name: x for name, x in call.options.items() if name != "generator"}))
    if signature not in PROVEN:
        PROVEN[signature] = proven(call)
    return own if PROVEN[signature] else None


def drawing(call: Call) -> Call | None:
    """The draw as a kernel, if that is what it asks for: numbers in float32 that lie in order, by a generator it names."""
    given = asked(call)
    if given is None or not plain(given["out"]) or given["generator"] is None:
        return None
    return Call(*DRAWS[call.run](**given), {}, (), ())


def proven(call: Call) -> bool:
    """Whether the kernel draws PyTorch's bits here, and leaves the generator where PyTorch does, wherever that stood."""
    for before in STANDS:
        (right, stream), (other, again) = tried(call, before), tried(call, before)
        with torch.no_grad():
            perform(right)
            perform(drawing(other))
        if not (alike(right, other) and torch.equal(stream.get_state(), again.get_state())):
            return False
    return True


def tried(call: Call, before: int) -> tuple[Call, Generator]:
    """The call on memory of its own, with a generator of its own that has drawn so many words."""
    stream = Generator().manual_seed(0)
    torch.rand(before, generator=stream)
    moved = elsewhere(call)
    args, options = tree_map(lambda x: stream if isinstance(x, Generator) else x, (moved.args, moved.options))
    return replace(moved, args=args, options=options), stream


def bernoulli(out, p, generator, **_):
    return torch.ops.gancore.bernoulli.default, (out, float(p), generator)


def uniform(out, generator, **_):
    return torch.ops.gancore.uniform.default, (out, generator)


DRAWS = {aten.bernoulli_.float: bernoulli, aten.rand.generator_out: uniform}
