"""The trial of kernels and of threads: a call is played both ways on random numbers, bit against bit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from gancore.train.engines.hands import at_work, ladder
from gancore.train.engines.plan import Call, perform
from gancore.train.engines.stretches import IN_PLACE, WRITERS, Words, as_tensor, bare, in_panels, products, programmed
from gancore.train.engines.tape import Reseed, bits, look

SOME = 99_991  # random numbers that a kernel is tried on, again and again: a prime, so that no two lines are alike
LONG = 0.001  # seconds: what takes less is not worth PyTorch's threads, which wait for each other
OUTPUTS = 256  # sums of a product of matrices: of fewer, other bits may be missed
LARGE = 1 << 14  # products of two numbers in them: of fewer, little is won
ENOUGH = 1 << 24  # products of two numbers that take long enough to be timed
TRIALS, GAIN = 3, 1.05  # how often, and how many times as fast ours have to be
Way = Callable[[list[Words]], list[Words]]  # how a program is played: as it is, or with other kernels for the same
PROVEN: dict[tuple, Way | None] = {}  # by signature, in this process: the kernels that do what PyTorch does
SHARED: dict[tuple, bool] = {}  # and it is long, and PyTorch's threads do what one does


def written(call: Call | Reseed) -> list[Words] | None:
    """A call as kernels, or None if there are none for it that have been seen to give the same bits."""
    if isinstance(call, Reseed) or call.run not in WRITERS or not (call.into or call.run in IN_PLACE):
        return None
    given = tree_leaves((bare(call.args), bare(call.options), call.outs))
    on_device = any(isinstance(x, Tensor) and not x.is_cpu for x in given)
    program = None if on_device else programmed(call)
    if program is None:
        return None
    signature = signed(call)
    if signature not in PROVEN:
        PROVEN[signature] = found(call, program)
    return PROVEN[signature] and PROVEN[signature](program)


def found(call: Call, program: list[Words]) -> Way | None:
    """The quickest way that gives PyTorch's bits; None if none does."""
    sizes = products(program)
    large = all(min(m, n, k) > 1 and m * n >= OUTPUTS and m * n * k >= LARGE for m, n, k in sizes)
    if sizes and large and torch.ops.gancore.panels() and proven(call, in_panels) and quicker(call):
        return in_panels
    return list if proven(call, list) else None


def shareable(call: Call | Reseed) -> bool:
    """Whether a call is long, and PyTorch's threads have been seen to give the same bits as one."""
    if isinstance(call, Reseed) or len(ladder()) == 1 or torch.Tag.nondeterministic_seeded in call.run.tags:
        return False
    signature = signed(call)
    if signature not in SHARED:
        SHARED[signature] = shared(call)
    return SHARED[signature]


def signed(call: Call) -> tuple:
    """Equal for calls that do the same to tensors of the same kind."""
    order: dict[int, int] = {}
    return (
        ladder(),
        str(call.run),
        *(
            (x.dtype, x.shape, x.stride(), order.setdefault(x.data_ptr(), len(order)))
            if isinstance(x, Tensor)
            else repr(x)
            for x in tree_leaves((bare(call.args), bare(call.options), call.outs))
        ),
    )


def proven(call: Call, way: Way) -> bool:
    """Whether the kernels give PyTorch's bits here on random numbers, with any number of hands."""
    right = elsewhere(call)
    with torch.no_grad():
        perform(right)
    for n in ladder():
        other = elsewhere(call)
        with at_work(n):
            run(way(programmed(other)))
        if not alike(right, other):
            return False
    return True


def quicker(call: Call) -> bool:
    """Whether products in panels take less time than those of BLAS, on one thread."""
    other = elsewhere(call)
    program = programmed(other)
    work = sum(map(math.prod, products(program)))
    both = [as_tensor(way(program) * (ENOUGH // work + 1)) for way in (in_panels, list)]
    costs: list[list[float]] = [[], []]
    for _ in range(TRIALS):
        for way, took in zip(both, costs):
            began = time.perf_counter()
            torch.ops.gancore.stretch(way)
            took.append(time.perf_counter() - began)
    ours, theirs = map(min, costs)
    return GAIN * ours < theirs


def shared(call: Call) -> bool:
    """Whether a call is long, and has the same bits on random numbers with any number of PyTorch's threads."""
    right = elsewhere(call)
    with suppress(RuntimeError), torch.no_grad():  # random numbers may be none that it takes
        began = time.thread_time()
        perform(right)
        if time.thread_time() - began < LONG:
            return False
        for n in ladder()[1:]:
            other = elsewhere(call)
            with threads(n):
                perform(other)
            if not alike(right, other):
                return False
        return True
    return False


@contextmanager
def threads(n: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def alike(one: Call, other: Call) -> bool:
    pairs = zip(tree_leaves((one.args, one.outs)), tree_leaves((other.args, other.outs)))
    return all(torch.equal(bits(x), bits(y)) for x, y in pairs if isinstance(x, Tensor))


def run(program: Iterable[Words]) -> None:
    torch.ops.gancore.stretch(as_tensor(program))


def elsewhere(call: Call) -> Call:
    """The call on memory of its own, with the same numbers every time."""
    moved: dict = {}

    def there(x):
        if not isinstance(x, Tensor):
            return x
        if look(x) not in moved:
            size = 1 + sum((n - 1) * step for n, step in zip(x.shape, x.stride())) if x.numel() else 0
            numbers = chance(x.dtype).repeat(size // SOME + 1)[:size]
            moved[look(x)] = numbers.as_strided(x.shape, x.stride())
        return moved[look(x)]

    def read(x):
        pictures = isinstance(x, Tensor) and x.dtype is torch.uint8  # many, and only read
        return x if pictures else there(x)

    args, options = tree_map(read, (bare(call.args), bare(call.options)))
    return replace(call, args=args, options=options, outs=tree_map(there, call.outs))


@cache
def chance(dtype: torch.dtype) -> Tensor:
    """Some random numbers of this kind; whole ones may stand for places, of which there are two at least."""
    stream = torch.Generator().manual_seed(0)
    if dtype.is_floating_point:
        return torch.randn(SOME, generator=stream, dtype=dtype)
    return torch.randint(2, (SOME,), generator=stream, dtype=dtype)
