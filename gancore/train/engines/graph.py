"""An iteration on a device: chance on the processor, as everywhere, and the rest as one CUDA graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from gancore.config import Config
from gancore.train.engines.draws import drawn
from gancore.train.engines.looped import Ahead, Loop
from gancore.train.engines.numbers import Number
from gancore.train.engines.plan import Call, Filled, call, perform
from gancore.train.engines.scripted import Script
from gancore.train.engines.split import Elsewhere, carried, halves
from gancore.train.engines.tape import Reseed, Step, place
from gancore.train.engines.taping import Taped
from gancore.train.state import State

AHEAD = 64  # iterations whose chance is carried over at once
WARM = 3  # iterations before a graph is captured: libraries settle on their kernels


class Graph(Loop):
    """A tape whose chance is drawn here and whose other half is played on a device."""

    steady = True  # whether numbers stay what they are from one iteration to the next: else no graph is worth capturing

    def __init__(self, tape: Taped, only: Config | None, where: torch.device, precision: str):
        self.device, self.on_cuda, self.precision = where, where.type == "cuda", precision
        super().__init__(tape, only)

    @property
    def told(self) -> str:
        if not self.on_cuda:
            return "in halves"
        return "CUDA graph" if self.steady else "CUDA, no graph: a number changes with every iteration"

    def build(self) -> Script:
        """The script that draws, and all that the device needs."""
        results = [*self.tape.outputs.values(), self.tape.seen]
        drawing, rest = halves(self.tape.steps, {place(x) for x in self.tape.inputs.values()})
        over = carried(drawing, rest, results)
        there = Elsewhere(self.device, over)
        self.inputs = {name: there(x) for name, x in self.tape.inputs.items()}
        self.outputs = {name: there(x) for name, x in self.tape.outputs.items()}
        self.row, self.seen = there.row, there(self.tape.seen)
        self.drawn = torch.empty(AHEAD, len(self.row), dtype=torch.uint8)
        self.staged = torch.empty_like(self.drawn, pin_memory=self.on_cuda)
        self.come = self.drawn.to(self.device, copy=True)
        self.sent: torch.cuda.Event | None = None
        self._write([there.step(step) for step in rest])
        script = Script(self.tape.numbers)
        for step in drawing:
            made = step if isinstance(step, Reseed) else call(step)
            script.write(drawn(made) or made)
        for bytes_of, at in over.values():
            script.carry(self.drawn[:, at : at + len(bytes_of)], bytes_of)
        return script

    def rests(self, ahead: Ahead) -> bool:
        """Whether all these iterations are given the same numbers."""
        return all(row[at] == ahead.numbers[0][at] for row in ahead.numbers for at in self.fixed)

    def _write(self, steps: list[Step]) -> None:
        """The device's calls, and where numbers that can change stand in them."""
        columns = {number.formula: at for at, number in enumerate(self.tape.numbers)}
        self.calls: list[Call] = []
        self.tensors: list[tuple[Tensor, int]] = []  # of one number, which comes from a column
        self.open: dict[int, tuple[Call, list[int]]] = {}  # calls that are given numbers themselves, and the columns

        def moved(x):
            if not isinstance(x, Filled):
                return x
            tensor = x.tensor.to(self.device, copy=True)
            if x.number is not None:
                self.tensors.append((tensor, columns[x.number.formula]))
            return tensor

        for at, step in enumerate(steps):
            made = call(step)
            made = replace(made, args=tree_map(moved, made.args), options=tree_map(moved, made.options))
            given = [x for x in tree_leaves((made.args, made.options)) if isinstance(x, Number)]
            if given:
                self.open[at] = made, [columns[x.formula] for x in given]
            self.calls.append(made)
        self.fixed = sorted({column for _, own in self.open.values() for column in own})
        self.baked: list[float] | None = None
        self.known: list[float] | None = None

    def play(self, state: State, ahead: Ahead) -> tuple[State, Tensor]:
        if state is not self.tape.latest:
            for name, x in state.parts().items():
                self.inputs[name].copy_(x)
        n = len(ahead.numbers)
        rows = torch.empty(n, len(self.seen), device=self.device)
        streams = [state.streams[self.names[id(g)]] if id(g) in self.names else g for g in self.script.generators]
        if self.on_cuda:
            multiplies_in(self.precision)
        with torch.no_grad():
            for start in range(0, n, AHEAD):
                numbers = ahead.numbers[start : start + AHEAD]
                self.run(streams, numbers, self.seen, len(numbers))
                self._send(len(numbers))
                for i, known in enumerate(numbers):
                    self._turn(known)
                    self.row.copy_(self.come[i])
                    self.replay()
                    rows[start + i].copy_(self.seen)
        parts = {name: self._home(x) for name, x in self.inputs.items()}
        rows = self._home(rows)
        if self.on_cuda:
            torch.cuda.synchronize(self.device)
        self.tape.latest = state.of_parts(parts, **ahead.counts)
        return self.tape.latest, rows

    def _home(self, x: Tensor) -> Tensor:
        """A copy on the processor, on its way."""
        return torch.empty_like(x, device="cpu", pin_memory=self.on_cuda).copy_(x, non_blocking=True)

    def _send(self, n: int) -> None:
        """Carries over what was drawn for so many iterations; the next ones may be drawn meanwhile."""
        if self.sent:
            self.sent.synchronize()
        self.staged[:n] = self.drawn[:n]
        self.come[:n].copy_(self.staged[:n], non_blocking=True)
        if self.on_cuda:
            self.sent = torch.cuda.Event()
            self.sent.record()

    def _turn(self, known: list[float]) -> None:
        """Goes on with these numbers: those in tensors are written there, others make another graph."""
        if known == self.known:
            return
        for tensor, column in self.tensors:
            if self.known is None or known[column] != self.known[column]:
                tensor.fill_(known[column])
        self.known = known
        baked = [known[column] for column in self.fixed]
        if baked == self.baked:
            return
        for at, (made, own) in self.open.items():
            values = iter([known[column] for column in own])
            args, options = tree_map(
                lambda x, values=values: next(values) if isinstance(x, Number) else x, (made.args, made.options)
            )
            self.calls[at] = replace(made, args=args, options=options)
        before = {name: x.clone() for name, x in self.inputs.items()}
        captures = self.steady and self.on_cuda
        self.replay = captured(self._iterate) if captures else self._iterate
        for name, x in before.items():
            self.inputs[name].copy_(x)
        self.baked = baked

    def _iterate(self) -> None:
        for one in self.calls:
            perform(one)
        for name, x in self.outputs.items():
            if place(x) != place(self.inputs[name]):
                self.inputs[name].copy_(x)


def multiplies_in(precision: str) -> None:
    """How CUDA's libraries go about float32 from here on; the sums that they make are the same each time."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.deterministic = True


def captured(act: Callable[[], None]) -> Callable[[], None]:
    """What an act asks of CUDA, as one graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM):
            act()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        act()
    return graph.replay
