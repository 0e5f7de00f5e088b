"""A plan as one loop in TorchScript: no Python between iterations, no compiler needed.

TorchScript is no longer developed. This file alone knows of it: it turns a plan into the text of a function.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from gancore.train.engines.numbers import Number
from gancore.train.engines.plan import Call, Filled
from gancore.train.engines.stretches import Shared, Stretch
from gancore.train.engines.tape import Reseed, Untaped, look, place

HEAD = (
    "def play(T: List[Tensor], L: List[List[Tensor]], G: List[Generator], N: List[List[float]], rows: Tensor, n: int):"
)


class Script:
    """Collects the lines of the function, and the tensors, generators and numbers that they name."""

    def __init__(self, numbers: Sequence[Number]):
        """`numbers` in the order in which they will come."""
        self.columns = {number.formula: at for at, number in enumerate(numbers)}
        self.tensors: list[Tensor] = []
        self.lists: list[list[Tensor]] = []  # whose tensors are written to: of a list made on the way that goes unseen
        self.generators: list[Generator] = []
        self.stretches: list[Stretch] = []  # which hold the memory that they name
        self.names: dict[tuple, str] = {}  # of tensors, by where they lie
        self.lines: list[str] = []
        self.fills: list[str] = []

    def write(self, step: Call | Reseed | Stretch | Shared) -> None:
        if isinstance(step, Shared):
            self.lines.append("torch.ops.gancore.shared(True)")
            self.write(step.call)
            self.lines.append("torch.ops.gancore.shared(False)")
            return
        if isinstance(step, Stretch):
            self.stretches.append(step)
            self.lines.append(f"torch.ops.gancore.stretch({self.tensor(step.program)})")
            return
        if isinstance(step, Reseed):
            self.lines.append(
                f"{self.generator(step.generator)}.manual_seed(int({self.tensor(step.seed)}.item()) + {step.offset})"
            )
            return
        given = [self.value(x, a) for x, a in zip(step.args, step.run._schema.arguments)]
        types = {argument.name: argument for argument in step.run._schema.arguments}
        given += [f"{name}={self.value(value, types[name])}" for name, value in step.options.items()]
        outs = [None if x is None else self.tensor(x) for x in step.outs]
        run = f"torch.ops.{step.run.namespace}.{step.run._opname}"
        if step.into or not outs:
            self.lines.append(f"{run}({', '.join([*given, *(f'{name}={x}' for name, x in zip(step.into, outs))])})")
        else:
            names = [f"r{i}" for i in range(len(outs))]
            self.lines.append(f"{', '.join(names)} = {run}({', '.join(given)})")
            self.lines += [f"torch.ops.aten.copy_({x}, {r})" for x, r in zip(outs, names) if x]

    def copy(self, target: Tensor, source: Tensor) -> None:
        if place(target) != place(source):
            self.lines.append(f"torch.ops.aten.copy_({self.tensor(target)}, {self.tensor(source)})")

    def tell(self, seen: Tensor) -> None:
        self.lines.append(f"torch.ops.aten.copy_(torch.ops.aten.select(rows, 0, i), {self.tensor(seen)})")

    def carry(self, rows: Tensor, source: Tensor) -> None:
        """Keeps what each iteration makes of a tensor, one row after another."""
        self.lines.append(
            f"torch.ops.aten.copy_(torch.ops.aten.select({self.tensor(rows)}, 0, i), {self.tensor(source)})"
        )

    def value(self, x: Any, argument) -> str:
        if isinstance(x, Tensor):
            return self.tensor(x)
        if isinstance(x, Filled):
            return self.filled(x)
        if isinstance(x, Number):
            return self.number(x)
        if isinstance(x, Generator):
            return self.generator(x)
        if isinstance(x, float) and not math.isfinite(x):
            return f'float("{x}")'
        if isinstance(x, torch.device):
            return f'torch.device("{x}")'
        if isinstance(x, (list, tuple)):
            if argument.alias_info and argument.alias_info.is_write and x:
                self.lists.append(list(x))
                return f"l{len(self.lists) - 1}"
            inside = ", ".join(self.value(one, argument) for one in x)
            kind = str(argument.type).replace("SymInt", "int").removeprefix("Optional[")
            return (
                f"[{inside}]"
                if x and "Tensor" not in kind
                else f"torch.jit.annotate({kind[: kind.rindex(']') + 1]}, [{inside}])"
            )
        return repr(x) if not isinstance(x, float) else repr(float(x))

    def number(self, x: Number) -> str:
        return f"v[{self.columns[x.formula]}]"

    def tensor(self, x: Tensor) -> str:
        key = look(x)
        if key not in self.names:
            self.names[key] = f"t{len(self.tensors)}"
            self.tensors.append(x)
        return self.names[key]

    def filled(self, x: Filled) -> str:
        name = self.tensor(x.tensor)
        if x.number is not None:
            self.fills.append(f"torch.ops.aten.fill_({name}, {self.number(x.number)})")
        return name

    def generator(self, x: Generator) -> str:
        if x not in self.generators:
            self.generators.append(x)
        return f"g{self.generators.index(x)}"

    def text(self) -> str:
        heads = [f"t{at} = T[{at}]" for at in range(len(self.tensors))]
        heads += [f"l{at} = L[{at}]" for at in range(len(self.lists))]
        heads += [f"g{at} = G[{at}]" for at in range(len(self.generators))]
        lines = ["v = N[i]", *self.fills, *self.lines]
        body = [*(f"    {line}" for line in heads), "    for i in range(n):", *(f"        {line}" for line in lines)]
        return "\n".join([HEAD, *body, ""])


def as_function(script: Script) -> Callable[..., None]:
    """The script as a function, called as f(generators, numbers, rows, n), or with tensors that stand for the script's.

    Raises:
        Untaped: TorchScript cannot say one of the operations.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It says every time that it is no longer developed.
        try:
            play = torch.jit.CompilationUnit(script.text()).play
        except RuntimeError as error:
            raise Untaped("TorchScript does not know one of its operations") from error

    def run(
        generators: Sequence[Generator],
        numbers: list[list[float]],
        rows: Tensor,
        n: int,
        tensors: list[Tensor] = script.tensors,
    ) -> None:
        # Below autograd, whose part was taped: less to do for every operation.
        with torch.no_grad(), torch._C._AutoDispatchBelowAutograd():
            play(tensors, script.lists, list(generators), numbers, rows, n)

    return run
