"""What of a plan can be played below PyTorch's dispatcher: programs for `stretches.cpp`, in whose kernels the bits are the same.

Of numbers in float32 that lie in order, on the processor and one thread. Whatever else there is stays a call of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from gancore.train.engines.numbers import Number
from gancore.train.engines.plan import Call, Filled, channels_last
from gancore.train.engines.tape import aten

KERNELS = (
    *("product", "fill", "shift", "shift_relu", "relu", "mask", "leaky", "leaky_back", "negate"),
    *("add", "subtract", "multiply", "divide", "copy", "count", "narrow", "widen", "to_half", "from_half", "rows_at"),
    *("sum_rows", "sum_columns", "thin", "thin_turned", "panels"),
)  # in the order of `stretches.cpp`
ONE_BLOCK = 128  # factors in a sum that a product adds up in one go: a bias may then come after it as well as before
THIN = range(2, 5)  # columns of a product for which BLAS has nothing fast

Words = list[int]


@dataclass(frozen=True, eq=False)
class Stretch:
    """Calls that follow one another, as one program."""

    program: Tensor
    calls: tuple[Call, ...]  # which hold the memory that the program names


@dataclass(frozen=True, eq=False)
class Shared:
    """A call that PyTorch may share among its own threads: a long one, whose bits are the same."""

    call: Call


def bare(value):
    """Arguments, with tensors for the numbers that stand where one is expected."""
    return tree_map(lambda x: x.tensor if isinstance(x, Filled) else x, value)


def programmed(call: Call) -> list[Words] | None:
    """A call as kernels, if these are what it asks for."""
    given = asked(call)
    return None if given is None else WRITERS[call.run](**given)


def asked(call: Call) -> dict | None:
    """All arguments by their names, and `out`; None if one changes from iteration to iteration."""
    arguments = {a.name: a.default_value for a in call.run._schema.arguments}
    arguments |= dict(zip(arguments, call.args)) | call.options
    given = [x for x in arguments.values() if not isinstance(x, Tensor)]
    if any(isinstance(x, Number) or (isinstance(x, Filled) and x.number is not None) for x in given):
        return None
    named = bare(arguments)
    outs = dict(zip(call.into, call.outs)) if call.into else {"out": named["self"]}
    return named | {"out": next(iter(outs.values()))}


def as_tensor(program: Iterable[Words]) -> Tensor:
    """A program as `stretches.cpp` reads it."""
    return torch.tensor([word for words in program for word in words])


def fused(programs: Iterable[list[Words]]) -> Iterator[Words]:
    """All kernels in their order; a bias and the bend after it are one pass."""
    kernels = [words for program in programs for words in program]
    for at, words in enumerate(kernels):
        before, after = kernels[at - 1] if at else None, kernels[at + 1] if at + 1 < len(kernels) else None
        if bent(words, after):
            yield [KERNELS.index("shift_relu"), *words[1:]]
        elif not (before and bent(before, words)):
            yield words


def products(program: list[Words]) -> list[Words]:
    """Of each product that BLAS is asked for its rows, its columns, and the terms of a sum."""
    return [words[3:6] for words in program if KERNELS[words[0]] == "product"]


def in_panels(program: list[Words]) -> list[Words]:
    """The same program, its products by kernels of ours rather than by BLAS."""
    ours = KERNELS.index("panels")
    return [[ours, *words[1:]] if KERNELS[words[0]] == "product" else words for words in program]


def bent(shift: Words, bend: Words | None) -> bool:
    """Whether the second is a ReLU in place of what the first shifts."""
    if not bend or KERNELS[shift[0]] != "shift" or KERNELS[bend[0]] != "relu":
        return False
    (_, _, place, m, n), (_, x, out, size) = shift, bend
    return place == x == out and m * n == size


# -- each operation as kernels: all arguments by their names, and `out` --------------------------------------------------


def kernel(name: str, *words: int | float | Tensor) -> Words:
    return [KERNELS.index(name), *map(word, words)]


def word(x: int | float | Tensor) -> int:
    if isinstance(x, Tensor):
        return x.data_ptr()
    return struct.unpack("q", struct.pack("d", x))[0] if isinstance(x, float) else x


def plain(*tensors: Tensor) -> bool:
    """Whether all are numbers in float32 that lie in order."""
    return all(isinstance(x, Tensor) and x.dtype is torch.float32 and x.is_contiguous() and x.is_cpu for x in tensors)


def alike(*tensors: Tensor) -> bool:
    """Whether all are numbers in float32 that lie in one order: row by row, or pictures with their channels last."""
    return plain(*tensors) or all(
        x.dtype is torch.float32 and x.is_cpu and channels_last(x) and x.shape == tensors[0].shape for x in tensors
    )


def each(name: str) -> Callable:
    def write(self, out, **_):
        return [kernel(name, self, out, out.numel())] if alike(self, out) else None

    return write


def both(name: str) -> Callable:
    def write(self, other, out, alpha=1, **_):
        return between(name, self, other, out) if alpha == 1 else None

    return write


def between(name: str, x: Tensor, y: Tensor, out: Tensor, *constants: float) -> list[Words] | None:
    """Two of one shape, or one of them a single number."""
    ones = [a for a in (x, y, out) if not isinstance(a, Tensor) or a.numel() == 1]
    many = [a for a in (x, y, out) if isinstance(a, Tensor) and a.numel() != 1]
    if not plain(*ones) or (many and not alike(*many)) or any(a.shape != out.shape for a in many):
        return None
    steps = [int(a.numel() != 1 or out.numel() == 1) for a in (x, y)]
    return [kernel(name, *constants, x, y, out, out.numel(), *steps)] if any(steps) else None


def mask(grad_output, self, threshold, out, **_):
    return between("mask", grad_output, self, out) if threshold == 0 and self.shape == grad_output.shape else None


def leaky(self, negative_slope, out, **_):
    return [kernel("leaky", float(negative_slope), self, out, out.numel())] if alike(self, out) else None


def leaky_back(grad_output, self, negative_slope, self_is_result, out, **_):
    alike = not self_is_result and self.shape == grad_output.shape
    return between("leaky_back", grad_output, self, out, float(negative_slope)) if alike else None


def add(self, other, out, alpha=1, **_):
    counts = all(isinstance(x, Tensor) and x.dtype is torch.float64 and x.numel() == 1 for x in (self, other, out))
    if alpha == 1 and counts:
        return [kernel("count", self, other, out)]
    return between("add", self, other, out) if alpha == 1 else None


def copied(self, out, **_):
    if self.dtype is torch.float64 and out.dtype is torch.float32 and out.numel() == 1:
        return [kernel("narrow", self, out)]
    if self.shape != out.shape or not (self.is_contiguous() and out.is_contiguous()):
        return None
    if self.dtype is out.dtype:
        return [kernel("copy", self, out, out.nbytes)]
    name = OTHER_KINDS.get((self.dtype, out.dtype))
    return [kernel(name, self, out, out.numel())] if name else None


OTHER_KINDS = {
    (torch.uint8, torch.float32): "widen",
    (torch.float32, torch.bfloat16): "to_half",
    (torch.bfloat16, torch.float32): "from_half",
}


def taken(self, indices, out, **_):
    """Rows by their numbers, which are drawn and so within bounds; of two at least, to try it on."""
    at, *more = indices
    if (
        more
        or len(self) < 2
        or at.dtype is not torch.int64
        or not (at.is_contiguous() and out.is_contiguous() and self[0].is_contiguous())
    ):
        return None
    return [kernel("rows_at", self, at, out, at.numel(), self[0].nbytes, self.stride(0) * self.element_size())]


def joined(tensors, dim, out, **_):
    """What lies one after another once it is joined: stacks, and rows under rows."""
    if dim != 0 or not plain(*tensors, out):
        return None
    words, at = [], out.data_ptr()
    for x in tensors:
        words.append(kernel("copy", x, at, x.nbytes))
        at += x.nbytes
    return words


def product(self, mat2, out, **_):
    if out.shape[1] in THIN and plain(mat2, out) and len(mat2) > 1:
        for name, x in (("thin", self), ("thin_turned", self.t())):
            if plain(x):
                return [kernel(name, x, mat2, out, *out.shape, len(mat2))]
    words = multiplied(self, mat2, out, 0)
    return words and [words]


def affine(self, mat1, mat2, beta, alpha, out, **_):
    """A layer's outputs. The bias comes first, as in PyTorch, unless it makes no difference."""
    if beta != 1 or alpha != 1 or not plain(self) or self.shape != out.shape[1:]:
        return None
    late = len(mat2) <= ONE_BLOCK and plain(mat1) and lined(mat2, *mat2.shape) == (0, mat2.stride(1))
    words = multiplied(mat1, mat2, out, 1 - late)
    bias = kernel("shift" if late else "fill", self, out, *out.shape)
    return words and ([words, bias] if late else [bias, words])


def multiplied(x: Tensor, y: Tensor, out: Tensor, beta: int) -> Words | None:
    """x (rows, k) times y (k, columns) as PyTorch hands it to BLAS, which counts columns first."""
    if not plain(out) or any(a.dtype is not torch.float32 for a in (x, y)):
        return None
    (rows, columns), k = out.shape, x.shape[1]
    if columns > 1:
        out, x, y, rows, columns = out.t(), y.t(), x.t(), columns, rows
    lines = [lined(x, rows, k), lined(y, k, columns)]
    if None in lines:
        return None
    (x_turned, ldx), (y_turned, ldy) = lines
    ldc = rows if columns == 1 else out.stride(1)
    return kernel("product", x_turned, y_turned, rows, columns, k, x, ldx, y, ldy, beta, out, ldc)


def lined(a: Tensor, rows: int, columns: int) -> tuple[int, int] | None:
    """Whether BLAS is to turn a factor, and how far apart its lines are; None if it does not lie in lines."""
    if a.stride(0) == 1 and a.stride(1) >= max(1, rows):
        return 0, rows if columns == 1 else a.stride(1)
    if a.stride(1) == 1 and a.stride(0) >= max(1, columns):
        return 1, columns if rows == 1 else a.stride(0)
    return None


def summed(self, dim, keepdim, dtype, out, **_):
    return totals(self, dim, out, 1.0) if dtype in (None, torch.float32) else None


def averaged(self, out, dim=None, dtype=None, **_):
    if dtype not in (None, torch.float32) or not plain(self, out):
        return None
    return totals(self, dim or list(range(self.dim())), out, self.numel() / out.numel())


def totals(x: Tensor, dim, out: Tensor, share: float) -> list[Words] | None:
    """Sums over the last or the first dimensions."""
    if not plain(x, out) or not dim:
        return None
    summed, n = sorted(d % x.dim() for d in dim), out.numel()
    size = x.numel() // n
    if n == 1 or summed == list(range(x.dim() - len(summed), x.dim())):
        return [kernel("sum_rows", x, out, n, size, share)] if size >= 8 else None
    if summed == list(range(len(summed))) and share == 1 and n >= 8:
        return [kernel("sum_columns", x, out, size, n)]
    return None


WRITERS = {
    aten.mm.out: product,
    aten.addmm.out: affine,
    aten.relu.out: each("relu"),
    aten.threshold_backward.grad_input: mask,
    aten.leaky_relu.out: leaky,
    aten.leaky_relu_backward.grad_input: leaky_back,
    aten.neg.out: each("negate"),
    aten.add.out: add,
    aten.sub.out: both("subtract"),
    aten.mul.out: both("multiply"),
    aten.div.out: both("divide"),
    aten.div_.Tensor: both("divide"),
    aten.add_.Tensor: add,
    aten.clone.out: copied,
    aten._to_copy.out: copied,
    aten.index.Tensor_out: taken,
    aten.stack.out: joined,
    aten.cat.out: joined,
    aten.sum.IntList_out: summed,
    aten.mean.out: averaged,
    aten.mean.dtype_out: averaged,
}
IN_PLACE = {aten.div_.Tensor, aten.add_.Tensor}  # which write where they read
