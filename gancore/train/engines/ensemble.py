"""Several states of one game in one batch: of every tensor on the device, one for each member.

What a member draws is drawn as if it played alone; operations are `torch.vmap`'s. Numbers that can change lie in tensors and
come with what was drawn, so that they may differ from member to member and with every iteration.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten

from gancore.config import Config
from gancore.train.engines.graph import Graph, multiplies_in
from gancore.train.engines.loop import Ahead
from gancore.train.engines.lying import Lying
from gancore.train.engines.numbers import Number
from gancore.train.engines.plan import made
from gancore.train.engines.split import LINE, long
from gancore.train.engines.tape import Step, Untaped, aten, place
from gancore.train.engines.taping import Taped
from gancore.train.state import State

# What operations do that are given a number, said with a tensor of one number.
SAID: dict = {
    aten.add.Tensor: lambda x, y, alpha=1: x + alpha * y,
    aten.sub.Tensor: lambda x, y, alpha=1: x - alpha * y,
    aten.add_.Tensor: lambda x, y, alpha=1: x.add_(alpha * y),
    aten.mul.Scalar: lambda x, y: x * y,
    aten.div.Scalar: lambda x, y: x / y,
    aten.lt.Scalar: lambda x, y: x < y,
    aten.fill_.Scalar: lambda x, value: x.copy_(value.expand_as(x)),
    aten.lerp.Scalar: lambda x, y, weight: torch.lerp(x, y, weight),
    aten.addcmul.default: lambda x, y, z, value=1: x + value * (y * z),
    aten.addcdiv.default: lambda x, y, z, value=1: x + value * (y / z),
    aten.clamp.default: lambda x, min=None, max=None: clamped(x, min, max),
    aten.clamp_min.default: lambda x, min: clamped(x, min, None),
}
ADAM = aten._fused_adam_.default
ADAM_KNOBS = ("beta1", "beta2", "eps", "weight_decay")  # which the kernel takes as they are when it is captured


def clamped(x: Tensor, least: Tensor | float | None, most: Tensor | float | None) -> Tensor:
    """Between two numbers or tensors of one."""

    def whole(bound):
        return bound if bound is None or isinstance(bound, Tensor) else torch.full_like(x, bound)

    return torch.clamp(x, whole(least), whole(most))


class EnsembleGraph(Graph):
    """A tape whose device half is played for all members at once, as one CUDA graph."""

    def __init__(self, tape: Taped, only: Config | None, members: int, where: torch.device, precision: str):
        """`only` is the one config that the tape holds for, whatever its seed, if its numbers are fixed."""
        self.members = members
        self.latest: list[State | None] = [None] * members  # what each was left with
        self.alike, self.holding = True, np.empty(0)  # whether Adam has the same numbers for all; those that it holds
        self.way: tuple | None = None  # what the graph was captured with
        super().__init__(tape, only, where, precision)

    @property
    def told(self) -> str:
        return self.told_of(self.members)

    def told_of(self, playing: int) -> str:
        """What is said of the graph when so many play."""
        return f"{super().told}, {playing} runs in one batch" if playing > 1 else super().told

    def holds(self, configs: Sequence[Config]) -> bool:
        """Whether the tape can be played for all these."""
        return self.only is None or all(replace(config, seed=self.only.seed) == self.only for config in configs)

    def foresee_all(
        self, configs: Sequence[Config], states: Sequence[State | None], n: int
    ) -> list[Ahead | None] | None:
        """What each member is given in the next iterations, `n` at most, of each as many; None if one goes another way.

        A state that is None is of somebody who does not play.
        """
        known: dict[tuple, Ahead] = {}  # members that differ in their seeds alone are given the same
        found: list[Ahead | None] = []
        for config, state in zip(configs, states):
            if state is None:
                found.append(None)
                continue
            if not self.fits(state):
                return None
            sight = self.sight(config)
            leaves = self.leaves(sight, state)
            key = (config.schedule, *leaves)
            if key not in known:
                known[key] = self.from_leaves(sight, leaves, n)
            if not known[key]:
                return None
            found.append(known[key])
        least = min(len(ahead.numbers) for ahead in known.values())
        return found if least == n else self.foresee_all(configs, states, least)

    def play(self, state: State, ahead: Ahead) -> tuple[State, Tensor]:
        """Goes on with the only member."""
        states, rows, _ = self.play_all([state], [ahead])
        return states[0], rows[0]

    def play_all(
        self, states: Sequence[State | None], aheads: Sequence[Ahead | None]
    ) -> tuple[list[State | None], Tensor, Tensor]:
        """Goes on with all members for as many iterations as were foreseen, of each as many.

        Returns their states, the scalars (members, n, 6), and (members,) whether the sums of all scalars and weights are finite.
        Of who has neither state nor `ahead` something is played that nobody looks at.
        """
        self.hasten()
        some = next(ahead for ahead in aheads if ahead)
        given = [(ahead or some).numbers for ahead in aheads]
        n = len(some.numbers)
        numbers = np.array(given).reshape(self.members, n, len(self.columns))
        if self.on_cuda:
            multiplies_in(self.precision)
        rows = torch.empty(n, *self.seen.shape, device=self.device)
        with torch.no_grad():
            self._put(states)
            self._way(numbers)
            beside = torch.from_numpy(numbers.astype(np.float32)).transpose(0, 1)
            streams = [state and self.streams(state, at) for at, state in enumerate(states)]
            for start, come in self.passage.rows(streams, given, beside):
                for i, row in enumerate(come):
                    self.row.copy_(row)
                    self.replay()
                    rows[start + i].copy_(self.seen)
            weights = self.inputs["g"].sum(1) + self.inputs["d"].sum(1)
            sound = (rows.sum((0, 2)) + weights).isfinite()  # told there: summing up is slow here, for all members
        parts, (rows, sound) = self._home(self.inputs, rows, sound)
        self.latest = [
            state and state.of_parts({name: x[at] for name, x in parts.items()}, **aheads[at].counts)
            for at, state in enumerate(states)
        ]
        return self.latest, rows.transpose(0, 1), sound

    def _put(self, states: Sequence[State | None]) -> None:
        """The states of those who do not go on from where they were left."""
        for at, state in enumerate(states):
            if state is not None and state is not self.latest[at]:
                for name, x in state.parts().items():
                    self.inputs[name][at].copy_(x)

    def _way(self, numbers: np.ndarray) -> None:
        """Captures anew if what the graph holds is another than these numbers (members, n, columns) want."""
        adam = numbers[..., self.of_adam]
        alike = bool((adam == adam[:1]).all())
        way = alike, numbers[:, 0, self.held].tobytes()
        if way != self.way:
            self.alike, self.holding = alike, numbers[:, 0]
            self.capture()
            self.way = way

    # -- what lies on the device -------------------------------------------------------------------------------

    def _lay(self, rest: list[Step], over: dict[int, tuple[Tensor, int]]) -> None:
        self.steps, drawn = rest, long(over)
        self.columns = {number.formula: at for at, number in enumerate(self.tape.numbers)}
        self.held, self.of_adam = self._adams()
        end = -(-drawn // LINE) * LINE
        size = end + -(-4 * len(self.columns) // LINE) * LINE
        self.row = torch.zeros(self.members, size, dtype=torch.uint8, device=self.device)
        self.flow = self.row[:, end:].view(torch.float32)
        moving = {place(x) for x in self.tape.inputs.values()} | {place(x) for step in rest for x in made(step)}
        self.lying = Lying(self.device, self.members, moving)
        for where, (_, at) in over.items():
            self.lying.rooms[where] = self.row.untyped_storage(), at, size
        self.inputs = {name: self.lying(x)[0] for name, x in self.tape.inputs.items()}
        self.rows = self.row
        self.seen = torch.zeros(self.members, len(self.tape.seen), device=self.device)

    def _adams(self) -> tuple[list[int], list[int]]:
        """Columns of the numbers that Adam's kernel holds on to, which no iteration changes, and of all that it is given."""
        held, given = set(), set()
        for step in self.steps:
            if step.run is ADAM:
                held |= {x.formula for name in ADAM_KNOBS if isinstance(x := step.options[name], Number)}
                given |= {x.formula for x in step.options.values() if isinstance(x, Number)}
        if not held <= set(self.tape.leaves):
            raise Untaped("a number of Adam's changes with every iteration")
        return sorted(self.columns[x] for x in held), sorted(self.columns[x] for x in given)

    # -- an iteration -------------------------------------------------------------------------------------------

    def _iterate(self) -> None:
        for step in self.steps:
            self._adam(step) if step.run is ADAM else self._perform(step)
        for name, x in self.tape.outputs.items():
            if place(x) != place(self.tape.inputs[name]):
                self.inputs[name].copy_(self.lying(x)[0])
        self.seen.copy_(self.lying(self.tape.seen)[0])
        self.lying.results.clear()

    def _perform(self, step: Step) -> None:
        """One operation for all members."""
        leaves, spec = tree_flatten((step.args, step.options))
        given = {at: found for at, x in enumerate(leaves) if (found := self._given(x)) is not None}
        leaves = [self.device if isinstance(x, torch.device) else x for x in leaves]

        def once(*tensors: Tensor) -> tuple[Tensor, ...]:
            args, options = tree_unflatten(filled(leaves, zip(given, tensors)), spec)
            result = said(step)(*args, **options)
            every = result if isinstance(result, (tuple, list)) else (result,)
            return tuple(x for x, wanted in zip(every, step.made) if wanted is not None) if step.fresh else ()

        dims = tuple(0 if each else None for _, each in given.values())
        tensors = [x for x, _ in given.values()]
        if 0 in dims:
            results = torch.vmap(once, dims, randomness="error")(*tensors)
        else:
            results = [x.expand(self.members, *x.shape) for x in once(*tensors)]
        for x, result in zip(made(step) if step.fresh else (), results):
            self.lying.lay(x, result)

    def _given(self, x) -> tuple[Tensor, bool] | None:
        """What stands for a tensor or a number, and whether each member has its own; None for anything else."""
        if isinstance(x, Number):
            return self.flow[:, self.columns[x.formula]], True
        return self.lying(x) if isinstance(x, Tensor) else None

    def _adam(self, step: Step) -> None:
        """Adam's kernel takes many tensors in one call, but one rate: members with other numbers have a call each."""
        lists = [[self.lying(x)[0] for x in tensors] for tensors in step.args]
        together = [range(self.members)] if self.alike else [[at] for at in range(self.members)]
        for some in together:
            knobs = {name: self._knob(step.options[name], some[0]) for name in ADAM_KNOBS}
            knobs["lr"] = self._rate(step.options["lr"], some[0])
            parts = ([x[at] for x in one for at in some] for one in lists)
            aten._fused_adam_.tensor_lr(*parts, **(step.options | knobs))

    def _knob(self, x: float, at: int) -> float:
        return float(self.holding[at, self.columns[x.formula]]) if isinstance(x, Number) else x

    def _rate(self, x: float, at: int) -> Tensor:
        own = isinstance(x, Number)
        return self.flow[at, self.columns[x.formula]] if own else torch.full((), x, device=self.device)


def said(step: Step) -> Callable:
    """What a step does, for numbers that have become tensors.

    Raises:
        Untaped: nobody has said it yet.
    """
    arguments = {a.name: str(a.type) for a in step.run._schema.arguments}
    given = dict(zip(arguments, step.args)) | step.options
    if not any(isinstance(x, Number) and arguments[name] != "Tensor" for name, x in given.items()):
        return step.run
    if step.run not in SAID:
        raise Untaped(f"{step.run._opname} is given a number that can change")
    return SAID[step.run]


def filled(leaves: list, others) -> list:
    """The same list with others at some places."""
    leaves = list(leaves)
    for at, x in others:
        leaves[at] = x
    return leaves
