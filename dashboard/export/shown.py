"""A recording as its page shows it: the panels for which it holds something, and what to say of the run in a line."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from dashboard.panels.panel import Panel
from dashboard.views.watch import PAGES
from gancore import presets
from gancore.catalog import BadKnob, near, shown
from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record.replay import Replay
from gancore.run.recorded import after

ALWAYS = {"losses", "gradients"}  # probes that the recorded scalars stand for
POINTS = 150  # moments at which a recording without frames shows its curves


class Shown:
    """One thread at a time may use it."""

    def __init__(self, path: Path):
        """Raises `BadKnob` for a recording of a run that no page shows."""
        self.replay = Replay(path)
        self.reader = self.replay.reader
        if "watched" in self.reader.config:
            raise BadKnob(
                f"{path} is a loop that was watched: its pages are not pictures yet, give .csv, .parquet, .tfevents or .gif"
            )
        self.config = Config.from_flat(self.reader.config)
        self.events = self.reader.events()

    @cached_property
    def moments(self) -> list[int]:
        """The iterations that can be shown: of every frame kept, or where none was, some that only curves tell of."""
        last = self.replay.last
        return self.reader.frames() or sorted({round(last * at / POINTS) for at in range(POINTS + 1)})

    @cached_property
    def last(self) -> Frame:
        return self.at(self.moments[-1])

    def at(self, iteration: int) -> Frame:
        """The newest moment that is not after `iteration`, or the first."""
        found = self.replay.frame(iteration)
        return found or Frame(iteration, self.replay.curves(iteration))

    def told(self, iteration: int) -> list[dict[str, Any]]:
        """What was done to the run until then."""
        return [event for event in self.events if event["iteration"] <= iteration]

    @cached_property
    def probes(self) -> set[str]:
        """What was looked at at the end, and what the scalars stand for."""
        return ALWAYS | set(self.last.info.get("probes", ()))

    @cached_property
    def panels(self) -> list[Panel]:
        """Those of the page on which anything would be seen."""
        config = after(self.config, [(event["iteration"], event["what"]) for event in self.events], self.replay.last)
        made = (make(config) for make in PAGES[config.data.page])
        there = self.last.arrays.keys()
        return [panel for panel in made if panel and ({*panel.bind.values()} | {panel.name}) & there]

    def panel(self, name: str) -> Panel:
        """Raises `BadKnob` where this recording has no such panel."""
        for panel in self.panels:
            if panel.name == name and panel.bind:
                return panel
        names = [panel.name for panel in self.panels if panel.bind]
        raise BadKnob(
            f"panel = {shown(name)} is not in this recording{near(name, names)}: give one of {', '.join(names)}"
        )

    @property
    def name(self) -> str:
        """What its owner called it, else its preset's title, else what it learns."""
        if isinstance(named := self.reader.fact("name"), str) and named:
            return named
        loaded = map(presets.load, presets.names())
        same = (preset.title for preset in loaded if preset.config.differences(self.config).keys() <= {"seed"})
        return next(same, self.config.data.title)

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """What was the matter in the end, as the page's strip says it."""
        try:
            return json.loads(bytes(self.last.arrays["health"]))
        except (KeyError, ValueError):
            return []

    @property
    def born(self) -> str:
        return time.strftime("%d %B %Y", time.localtime(self.reader.created)).lstrip("0")

    def settings(self) -> str:
        """The settings in one line, without those that say that there is nothing."""
        config, parts = self.config, [self.config.data.title]
        parts += [f"{config.loss.name} loss"]
        parts += [written(getattr(config, role)) for role in ("penalty", "constraint", "input") if has(config, role)]
        parts += [f"{who.upper()} {network(getattr(config, who))}" for who in "gd"]
        rates = [f"{opt.name} {getattr(opt, 'lr', '')}".strip() for opt in (config.g_opt, config.d_opt)]
        parts += rates[:1] if rates[0] == rates[1] else [f"G {rates[0]}", f"D {rates[1]}"]
        parts += [config.dynamics.name] * (config.dynamics.name != "alternating") + [f"batch {config.batch}"]
        return " · ".join(parts)

    def close(self) -> None:
        self.replay.close()

    def __enter__(self) -> Shown:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def has(config: Config, role: str) -> bool:
    return getattr(config, role).name not in ("none", "free")


def written(choice: Any) -> str:
    """A choice and its first number: `r1 0.1`."""
    numbers = [value for value in vars(choice).values() if isinstance(value, float)]
    return " ".join([choice.name, *(f"{value:g}" for value in numbers[:1])])


def network(choice: Any) -> str:
    width, depth = getattr(choice, "width", None), getattr(choice, "depth", None)
    return choice.name if not width else f"{choice.name} {width}" + (f"×{depth}" if depth else "")


def chosen(moments: Sequence[int], most: int) -> list[int]:
    """At most so many of these, evenly by number, the first and the last among them."""
    if len(moments) <= most:
        return list(moments)
    step = (len(moments) - 1) / max(most - 1, 1)
    return [moments[round(at * step)] for at in range(most)]
