"""What a user can pick: frozen dataclasses on catalogs, whose fields are knobs.

Menus, widgets, JSON, TOML, links, the command line and the contract tests all read what is declared here, so that a
new loss, data set or optimiser touches exactly one file.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

POSITIVE = {"weight": (0.0, 1e6), "spread": (1e-3, 1e3), "sigma": (1e-3, 1e3)}  # columns of rows, and what they take
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # No dot and no slash: never a path.


class BadKnob(ValueError):
    """A value that cannot be used. The message shows the value that came and the values that would do."""


@dataclasses.dataclass(frozen=True)
class Knob:
    """One setting: its default, what it accepts, and whether a change acts live or on restart."""

    name: str
    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] | None = None
    columns: tuple[str, ...] = ("weight", "mean", "spread")  # of rows; those in `POSITIVE` take no 0
    rows: int = 32  # at most
    live: bool = False
    log: bool = False
    advanced: bool = False
    label: str = ""
    help: str = ""

    @property
    def kind(self) -> str:
        """`bool`, `int`, `float`, `choice`, `modes` (rows of numbers), or `name` (of what a user stored)."""
        if self.choices is not None:
            return "choice"
        if isinstance(self.default, str):
            return "name"
        if isinstance(self.default, bool):
            return "bool"
        if isinstance(self.default, tuple):
            return "modes"
        return "int" if isinstance(self.default, int) else "float"

    @property
    def accepts(self) -> str:
        """The values that would do, in words."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "bool":
            return "true or false"
        if self.kind == "modes":
            above = " and ".join(name for name in self.columns if name in POSITIVE)
            such = f"1 to {self.rows} rows {':'.join(self.columns)} joined by commas, such as {text(self.default[:2])}"
            return f"{such}, {above} above 0" if above else such
        if self.kind == "name":
            return "a name of at most 40 small letters and digits, with single dashes between them"
        what = "a whole number" if self.kind == "int" else "a number"
        return f"{what} from {text(self.low)} to {text(self.high)}"

    def parse(self, value: Any) -> Any:
        """The value in this knob's own type. Takes typed values and text; raises `BadKnob`, never clamps."""
        try:
            return getattr(self, "_" + self.kind)(value)
        except (TypeError, ValueError, KeyError, OverflowError):
            raise BadKnob(f"{self.name} = {shown(value)} cannot be used: give {self.accepts}") from None

    def _choice(self, value: Any) -> str:
        if value not in self.choices:
            raise ValueError
        return value

    def _bool(self, value: Any) -> bool:
        return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]

    def _int(self, value: Any) -> int:
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ValueError
        return self._within(int(value))

    def _float(self, value: Any) -> float:
        if isinstance(value, bool):
            raise ValueError
        return self._within(float(value))

    def _within(self, number):
        if not math.isfinite(number) or not self.low <= number <= self.high:
            raise ValueError
        return number

    def _modes(self, value: Any) -> tuple[tuple[float, ...], ...]:
        rows = [row.split(":") for row in value.split(",")] if isinstance(value, str) else value
        modes = tuple(tuple(float(number) for number in row) for row in rows)
        if not 1 <= len(modes) <= self.rows or any(len(row) != len(self.columns) for row in modes):
            raise ValueError
        for name, number in ((name, number) for row in modes for name, number in zip(self.columns, row)):
            low, high = POSITIVE.get(name, (-1e3, 1e3))
            if not low <= number <= high or (name == "weight" and not number):
                raise ValueError
        return modes

    def _name(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > 40 or not NAME.fullmatch(value):
            raise ValueError
        return value


def knob(default: Any, low=None, high=None, **said: Any):
    """A dataclass field that is a knob; `said` is what `Knob` has beside. Numbers need a range, rows their columns."""
    return dataclasses.field(default=default, metadata=dict(low=low, high=high, **said))


def knobs(choice: Any) -> tuple[Knob, ...]:
    """The knobs of a choice, an instance or a class, in the order of declaration."""
    return tuple(Knob(f.name, f.default, **f.metadata) for f in dataclasses.fields(choice) if f.metadata)


def text(value: Any) -> str:
    """A knob's value as a link, a command line or an event writes it; `Knob.parse` reads it back unchanged."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, tuple):
        return ",".join(":".join(text(number) for number in row) for row in value)
    return str(value)


def shown(value: Any) -> str:
    """A value as an error message shows it: quoted if text, cut if endless."""
    plain = json.dumps(value) if isinstance(value, str) else str(value)
    return plain if len(plain) <= 60 else plain[:57] + "..."


class Catalog(Mapping[str, type]):
    """Choices of one family by name, in the order in which they were added."""

    def __init__(self, family: str):
        self.family = family
        self._choices: dict[str, type] = {}

    def add(self, cls: type) -> type:
        """Class decorator: makes a frozen dataclass whose knobs are checked when one is made, and puts it on the shelf."""
        if cls.name in self._choices:
            raise ValueError(f"{self.family}: {cls.name!r} is on the catalog already")
        cls.__post_init__ = _check
        made = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        self._choices[made.name] = made
        return made

    def make(self, name: str, /, **values: Any) -> Any:
        """The choice called `name` with these knob values (typed or as text); every other knob at its default."""
        choice = self.find(name)
        known = {k.name: k for k in knobs(choice)}
        for key in values:
            if key not in known:
                raise BadKnob(
                    f"{self.family} {name} has no knob {shown(key)}{near(key, known)}: it has {', '.join(known) or 'none'}"
                )
        return choice(**values)

    def find(self, name: str) -> type:
        if name not in list(self._choices):  # A list, for what comes may be anything, also what has no hash.
            raise BadKnob(
                f"{self.family} = {shown(name)} is unknown{near(name, self._choices)}: give one of {', '.join(self._choices)}"
            )
        return self._choices[name]

    def __getitem__(self, name: str) -> type:
        return self._choices[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._choices)

    def __len__(self) -> int:
        return len(self._choices)


def near(name: Any, known) -> str:
    """' (did you mean ...?)' where a known name is close."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _check(choice: Any) -> None:
    for k in knobs(choice):
        object.__setattr__(choice, k.name, k.parse(getattr(choice, k.name)))
    if hasattr(choice, "check"):
        choice.check()
