"""An iteration on a device: chance on the processor, as everywhere, and the rest as one CUDA graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from gancore.config import Config
from gancore.train.engines.compiling import kernels
from gancore.train.engines.draws import drawn
from gancore.train.engines.loop import Ahead, Loop
from gancore.train.engines.numbers import Number
from gancore.train.engines.passage import Passage, block
from gancore.train.engines.plan import Call, Filled, call, perform
from gancore.train.engines.scripted import Script, as_function
from gancore.train.engines.split import LINE, Elsewhere, carried, draws, halves, long
from gancore.train.engines.tape import Reseed, Step, place
from gancore.train.engines.taping import Taped
from gancore.train.state import State

WARM = 3  # iterations before a graph is captured: libraries settle on their kernels


class Graph(Loop):
    """A tape whose chance is drawn here and whose other half is played on a device."""

    def __init__(self, tape: Taped, only: Config | None, where: torch.device, precision: str):
        self.device, self.on_cuda, self.precision = where, where.type == "cuda", precision
        super().__init__(tape, only)
        self.passage = self._passage()
        self.passing: dict[tuple[int, int], torch.Generator] = {}  # that begin anew on the way, each member's own

    @property
    def told(self) -> str:
        return "CUDA graph" if self.on_cuda else "in halves"

    def build(self) -> Script:
        """The script that draws, and all that the device needs."""
        results = [*self.tape.outputs.values(), self.tape.seen]
        self.drawing, rest = halves(self.tape.steps, {place(x) for x in self.tape.inputs.values()})
        self.over = carried(self.drawing, rest, results)
        self._lay(rest, self.over)
        self.drawn = torch.empty(block(self.row.numel()), -(-long(self.over) // LINE) * LINE, dtype=torch.uint8)
        return self._chance()

    def _chance(self) -> Script:
        """The script that draws: by the compiled kernels, once there are some."""
        self.native, script = kernels.ready(), Script(self.tape.numbers)
        for step in self.drawing:
            made = step if isinstance(step, Reseed) else call(step)
            script.write(drawn(made) or made)
        for bytes_of, at in self.over.values():
            script.carry(self.drawn[:, at : at + len(bytes_of)], bytes_of)
        return script

    def _passage(self) -> Passage:
        return Passage(self.run, self.script, self.drawn, self.rows)

    def hasten(self) -> None:
        """Goes on with the compiled kernels' draws if these have come meanwhile: the same bits."""
        if not self.native and kernels.ready():
            self.script = self._chance()
            self.run = as_function(self.script)
            self.passage = self._passage()

    def _lay(self, rest: list[Step], over: dict[int, tuple[Tensor, int]]) -> None:
        """What lies on the device: tensors, calls, and where numbers that can change stand in them."""
        there = Elsewhere(self.device, over)
        self.inputs = {name: there(x) for name, x in self.tape.inputs.items()}
        self.outputs = {name: there(x) for name, x in self.tape.outputs.items()}
        self.row, self.seen = there.row, there(self.tape.seen)
        self.rows = self.row[None]  # one a member
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

        for at, step in enumerate(rest):
            made = call(there.step(step))
            made = replace(made, args=tree_map(moved, made.args), options=tree_map(moved, made.options))
            given = [x for x in tree_leaves((made.args, made.options)) if isinstance(x, Number)]
            if given:
                self.open[at] = made, [columns[x.formula] for x in given]
            self.calls.append(made)
        self.fixed = sorted({column for _, own in self.open.values() for column in own})
        self.baked: list[float] | None = None
        self.known: list[float] | None = None

    def play(self, state: State, ahead: Ahead) -> tuple[State, Tensor]:
        self.hasten()
        if state is not self.tape.latest:
            for name, x in state.parts().items():
                self.inputs[name].copy_(x)
        n = len(ahead.numbers)
        rows = torch.empty(n, len(self.seen), device=self.device)
        if self.on_cuda:
            multiplies_in(self.precision)
        with torch.no_grad():
            for start, come in self.passage.rows([self.streams(state)], [ahead.numbers]):
                for i, row in enumerate(come):
                    self._turn(ahead.numbers[start + i])
                    self.row.copy_(row[0])
                    self.replay()
                    rows[start + i].copy_(self.seen)
        parts, (rows,) = self._home(self.inputs, rows)
        self.tape.latest = state.of_parts(parts, **ahead.counts)
        return self.tape.latest, rows

    def streams(self, state: State, member: int = 0) -> list[torch.Generator]:
        """What the script draws from: the state's streams, and generators that begin anew on the way."""
        return [
            state.streams[self.names[id(g)]]
            if id(g) in self.names
            else self.passing.setdefault((member, id(g)), torch.Generator())
            for g in self.script.generators
        ]

    def _home(self, parts: dict[str, Tensor], *others: Tensor) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Copies on the processor."""

        def back(x: Tensor) -> Tensor:
            return torch.empty_like(x, device="cpu", pin_memory=self.on_cuda).copy_(x, non_blocking=True)

        parts, here = {name: back(x) for name, x in parts.items()}, [back(x) for x in others]
        if self.on_cuda:
            torch.cuda.synchronize(self.device)
        return parts, here

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
        self.capture()
        self.baked = baked

    def capture(self) -> None:
        """Makes a graph of an iteration as it is now. Inputs stay what they are."""
        before = {name: x.clone() for name, x in self.inputs.items()}
        self.replay = captured(self._iterate) if self.on_cuda else self._iterate
        for name, x in before.items():
            self.inputs[name].copy_(x)

    def _iterate(self) -> None:
        for one in self.calls:
            perform(one)
        for name, x in self.outputs.items():
            if place(x) != place(self.inputs[name]):
                self.inputs[name].copy_(x)


def bare(steps: Iterable[Step | Reseed]) -> set[str]:
    """The formulas of numbers that operations are given as they are, not in tensors: a graph holds on to them."""
    calls = [call(step) for step in steps if isinstance(step, Step) and not draws(step)]
    return {x.formula for one in calls for x in tree_leaves((one.args, one.options)) if isinstance(x, Number)}


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
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # other threads draw meanwhile
        act()
    return graph.replay
