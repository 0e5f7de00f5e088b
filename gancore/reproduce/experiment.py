"""What a published experiment is: games to train, figures to measure on them, and what was published for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gancore.catalog import Catalog
from gancore.config import Config
from gancore.train.trainer import Event, Trainer

experiments = Catalog("experiment")

Say = Callable[[str], None]  # takes one line on how it goes


@dataclass(frozen=True)
class Published:
    """A figure as it was published, or the words where it is no number.

    `spread` is its standard error over `runs` runs (over test pictures where `runs` is 1), None if none was published
    or the figure is of another game, so that ours can neither meet nor miss it.
    """

    value: float | None
    spread: float | None
    source: str
    words: str = ""
    runs: int = 1


@dataclass(frozen=True)
class Measured:
    """One figure of one trained game; `error` is its own standard error where the protocol has one."""

    value: float
    error: float | None = None


@dataclass(frozen=True)
class Arm:
    """One row of the table: a game, what changes while it is played, and what was published for it, by figure."""

    name: str
    config: Config
    published: dict[str, Published]
    planned: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Control:
    """A row of the table without a game: what the metric says of something that is known."""

    name: str
    measure: Callable[[], dict[str, Measured]]
    published: dict[str, Published] = field(default_factory=dict)


def both(role: str = "", /, **settings: Any) -> dict[str, Any]:
    """The same settings for G and D: `both(choice="mlp", width=9)`, or for their optimisers: `both("_opt", lr=0.1)`."""
    choice = {f"{player}{role}": settings["choice"] for player in "gd" if "choice" in settings}
    knobs = {f"{player}{role}.{name}": v for player in "gd" for name, v in settings.items() if name != "choice"}
    return choice | knobs


class Experiment:
    """Shared by all experiments. Subclasses give `arms` and `measure`, and what differs from the ordinary.

    `steps` and `seeds` are the whole protocol, `quick` (steps, seeds) the shortened one; `pace` is iterations per second
    as measured on two cores, for the estimate; `figures` maps each figure to its format.
    """

    steps: int
    seeds: int
    quick: tuple[int, int]
    pace: float
    figures: dict[str, str]
    of_games: frozenset[str] = frozenset()  # figures that a control cannot have
    notes: tuple[str, ...] = ()

    def arms(self) -> tuple[Arm, ...]:
        """The games, seed 0."""
        raise NotImplementedError

    def controls(self) -> tuple[Control, ...]:
        """What is measured without a game."""
        return ()

    def source(self, config: Config) -> Any:
        """The opened real data; an experiment that plays on a part of it says so here."""
        return config.data.open()

    def begin(self, trainer: Trainer) -> None:
        """Changes the untrained game where the protocol starts it in its own way."""

    def measure(self, trainer: Trainer) -> dict[str, Measured]:
        """The figures of a game as it stands."""
        raise NotImplementedError

    def glance(self, trainer: Trainer) -> str:
        """A few words on how it goes, asked every few minutes."""
        return ", ".join(f"{name} {self.figures[name].format(m.value)}" for name, m in self.measure(trainer).items())

    def minutes(self, steps: int, seeds: int) -> float:
        """About how long it takes on two cores."""
        return len(self.arms()) * seeds * steps / self.pace / 60
