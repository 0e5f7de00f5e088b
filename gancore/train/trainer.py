"""Plays the game: iteration after iteration, exact, stopping before a bad update, changing rules on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from gancore import seeds
from gancore.catalog import BadKnob, shown
from gancore.config import ROLES, Config, live
from gancore.game.game import Game
from gancore.train.engines import ENGINES, usual
from gancore.train.stages import Stage, stages
from gancore.train.state import State

SCALARS = ("d_loss", "d_real", "d_fake", "d_grad", "g_loss", "g_grad")


class Diverged(RuntimeError):
    """A loss, gradient or weight left the finite numbers. The trainer's state is the last good one."""

    def __init__(self, iteration: int, tensor: str):
        super().__init__(f"{tensor} became non-finite in iteration {iteration}; the update was not applied")
        self.iteration, self.tensor = iteration, tensor
        self.rows = torch.empty(0, len(SCALARS))  # what `advance` had played before it


@dataclass(frozen=True)
class Event:
    """Something a person did: at this iteration, `address=value` was set or `step=d`, `step=g` was taken."""

    iteration: int
    what: str


class Trainer:
    """A run that can be advanced, changed, copied and restored.

    Not thread-safe: one thread owns it. Bit-identical on one machine's CPU for equal config, events and thread count.
    """

    def __init__(
        self,
        config: Config,
        source=None,
        state: State | None = None,
        planned: tuple[Event, ...] = (),
        engine: str | None = None,
    ):
        """`planned` events happen by themselves when their iteration is reached: how a link replays a run.

        Raises:
            BadKnob: a planned event that could not be done; it is found here, not in the middle of the run.
        """
        self.config = config
        self.game = Game(config, source or config.data.open(), partial(seeds.stream, config.seed))
        self.engine = ENGINES[engine or usual()](self.game, config)
        self.state = state or State.start(self.game, config)
        self.planned = sorted(planned, key=lambda event: event.iteration)
        _rehearse(config, self.planned)
        self.events: list[Event] = []

    @property
    def moves(self):
        """The moves of the game under the rules as they stand."""
        return self.engine.moves

    @property
    def iteration(self) -> int:
        return self.state.iteration

    def advance(self, n: int) -> Tensor:
        """Plays `n` iterations. Returns their scalars, (n, 6) in the order of `SCALARS`.

        Raises:
            Diverged: before the bad iteration; what came before it is in the state and in `error.rows`.
        """
        blocks = [torch.empty(0, len(SCALARS))]
        try:
            while n > 0:
                self._do_planned()
                upcoming = self.planned[0].iteration - self.iteration if self.planned else n
                take = min(n, upcoming)
                blocks.append(self._play(take))
                n -= take
            self._do_planned()
        except Diverged as error:
            error.rows = torch.cat([*blocks, error.rows])
            raise
        return torch.cat(blocks)

    def foresee(self) -> list[Stage]:
        """The stages of the next iteration, as it will be played if nothing is changed before. Nothing moves."""
        return stages(self.game, self.config, self.state.fork())

    def apply(self, *what: str, passing: bool = False) -> None:
        """Does what events say, now: `address=value` for a live setting, or alone `step=d`, `step=g`.

        Several settings act at once, as `together` has them. Those that are `passing`, on the way to where a hand lets go,
        act like any other and are not kept as events.
        """
        pairs = [one.partition("=")[::2] for one in what]
        if pairs[0][0] == "step":
            self._step(pairs[0][1])
        else:
            self._set(pairs)
        if not passing:
            self.events += [Event(self.iteration, one) for one in what]

    def _play(self, n: int) -> Tensor:
        """`n` iterations, checked once at their end; only if that fails are they played again, one by one, to find where."""
        start = self.state.fork()
        state, rows = self.engine.play(self.state, n)
        if _finite(rows) and _finite(state.g) and _finite(state.d):
            self.state = state
            return rows
        self.state = start
        good = []
        for _ in range(n):
            before = self.state.fork()
            state, row = self.engine.play(self.state, 1)
            if culprit := self._culprit(row[0], state):
                self.state = before
                error = Diverged(self.iteration + 1, culprit)
                error.rows = torch.cat([error.rows, *good])
                raise error
            self.state = state
            good.append(row)
        return torch.cat(good)

    def _culprit(self, row: Tensor, state: State) -> str:
        for name, value in zip(SCALARS, row):
            if name.endswith("loss") and not _finite(value):
                return f"loss of {name[0].upper()}"
        for player, flat in (("D", state.d), ("G", state.g)):
            if not _finite(flat):
                which = self.game.d if player == "D" else self.game.g
                return f"weights {player}.{which.tensor_at(int((~flat.isfinite()).nonzero()[0]))}"
        return next((f"{name} (gradient or score)" for name, value in zip(SCALARS, row) if not _finite(value)), "")

    def _set(self, pairs: list[tuple[str, str]]) -> None:
        config = self.config
        for address, value in pairs:
            config = _changed(config, address, value)
        source = self.game.source if config.data == self.config.data else config.data.open()
        self.state = self._under(config)
        self.game.set_rules(config)
        self.game.source = source
        self.config = config
        self.engine.turn(config)

    def _under(self, config: Config) -> State:
        """The state as these rules want it: what belongs to a choice that was swapped starts anew."""
        state = self.state
        swapped = {role for role in ROLES if type(getattr(config, role)) is not type(getattr(self.config, role))}
        if "d_opt" in swapped:
            state = replace(state, d_moments=config.d_opt.start(state.d))
        if "g_opt" in swapped:
            state = replace(state, g_moments=config.g_opt.start(state.g))
        if "penalty" in swapped:
            state = state.with_penalty(config.penalty)
        if "constraint" in swapped:
            state = state.with_constraint(self.game, config.constraint)
        return state.remember("dynamics", {}) if "dynamics" in swapped else state

    def _step(self, which: str) -> None:
        _checked(which, self.config)
        before = self.state.fork()
        state, seen = (self.moves.d_update if which == "d" else self.moves.g_update)(self.state)
        state = self.moves.held(before, state)
        if not (_finite(seen) and _finite(state.d) and _finite(state.g)):
            self.state = before
            raise Diverged(self.iteration, f"the single update of {which.upper()}")
        self.state = state

    def _do_planned(self) -> None:
        while self.planned and self.planned[0].iteration <= self.iteration:
            self.apply(*together(self.planned))


def together(script: list[Event]) -> list[str]:
    """Takes the first event out of a script, and with a choice its own knobs: a set of points, say, only opens by its name."""
    first = script.pop(0)
    what, knob = [first.what], first.what.partition("=")[0] + "."
    while script and script[0].iteration == first.iteration and script[0].what.startswith(knob):
        what.append(script.pop(0).what)
    return what


def _rehearse(config: Config, planned: list[Event]) -> None:
    """Goes through the planned events in their order without playing."""
    for event in planned:
        address, _, value = event.what.partition("=")
        config = config if address == "step" and _checked(value, config) else _changed(config, address, value)


def _changed(config: Config, address: str, value: str) -> Config:
    changed = config.with_(address, value)
    if not (live(config, address) and live(changed, address)):
        raise BadKnob(f"{address} = {value} cannot change while the game is played: it acts on restart")
    return changed


def _checked(step: str, config: Config) -> str:
    if step not in ("d", "g"):
        raise BadKnob(f"step = {shown(step)} cannot be used: give d or g")
    if step == config.frozen:
        raise BadKnob(f"step = {step} cannot be taken: {step.upper()} is frozen; set frozen to none first")
    return step


def _finite(x: Tensor) -> bool:
    """Whether all numbers are finite: so they are if their sum is, which is ten times as quick to tell."""
    return math.isfinite(x.sum()) or bool(x.isfinite().all())
