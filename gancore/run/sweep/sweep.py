"""A sweep as a value: one game, one setting that varies, the values it takes, and how far each run goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gancore.catalog import BadKnob, Knob, shown, text
from gancore.config import ROLES, Config, find

MOST = 64  # members
UNTIL = Knob("until", 5000, 1, 10**7)
COUNT = Knob("seeds", 8, 2, MOST)
PAGES = ("line", "plane", "images")


@dataclass(frozen=True)
class Sweep:
    """Every member is an ordinary run of `base` with `address` set to one of `values`, up to iteration `until`.

    Values come typed or as text. Raises `BadKnob` for what cannot be used, with what would do.
    """

    base: Config
    address: str
    values: tuple[Any, ...]
    until: int

    def __post_init__(self):
        if self.base.data.page not in PAGES:
            raise BadKnob(
                f"data = {shown(self.base.data.name)} cannot be swept: give data of one of the pages {', '.join(PAGES)}"
            )
        knob = find(self.base, self.address) if self.address in self.base.flat() else None
        if knob is not None and knob.kind == "modes":
            raise BadKnob(
                f"vary = {shown(self.address)} holds rows of numbers: give a setting of one value, such as seed"
            )
        given = tuple(self.values)
        if not 2 <= len(given) <= MOST:
            raise BadKnob(
                f"values = {shown(','.join(map(text, given)))} are {len(given)}: give 2 to {MOST} different values of {self.address}"
            )
        values = tuple(self._read(value) for value in given)
        if twice := [value for value in values if values.count(value) > 1]:
            raise BadKnob(
                f"values: {shown(text(twice[0]))} comes twice: give 2 to {MOST} different values of {self.address}"
            )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "until", UNTIL.parse(self.until))

    def _read(self, value: Any) -> Any:
        config = self.base.with_(self.address, value)
        if config.data.page != self.base.data.page:
            raise BadKnob(
                f"{self.address} = {shown(value)} belongs to the page {config.data.page}: give data of {self.base.data.page}"
            )
        return config.flat()[self.address]

    @classmethod
    def seeds(cls, base: Config, count: int | str, until: int | str, first: int | str | None = None) -> Sweep:
        """So many seeds, from the base's own on or from `first`."""
        start = base.seed if first is None else find(base, "seed").parse(first)
        return cls(base, "seed", tuple(range(start, start + COUNT.parse(count))), until)

    @classmethod
    def of(cls, base: Config, address: str, values: str | Sequence[Any], until: int | str) -> Sweep:
        """As a link or a command line says it: `values` joined by commas."""
        parts = [part.strip() for part in values.split(",")] if isinstance(values, str) else values
        return cls(base, address, tuple(part for part in parts if part != ""), until)

    @cached_property
    def configs(self) -> tuple[Config, ...]:
        """One a member."""
        return tuple(self.base.with_(self.address, value) for value in self.values)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What tells each member from the others: `seed 3`, `d_opt.lr 0.002`, `hinge`."""
        return tuple(text(v) if self.address in ROLES else f"{self.address} {text(v)}" for v in self.values)

    @property
    def of_seeds(self) -> bool:
        return self.address == "seed"

    @property
    def numeric(self) -> bool:
        """Whether the values lie on an axis."""
        return not any(isinstance(value, str | bool) for value in self.values)

    @property
    def title(self) -> str:
        """In a few words, what is swept."""
        what = f"{len(self.values)} seeds" if self.of_seeds else f"{len(self.values)} values of {self.address}"
        return f"{self.base.data.name}, {self.base.loss.name}: {what}"

    def facts(self, at: int) -> dict[str, str]:
        """What the recording of a member says of itself."""
        return {"name": f"Sweep of {self.base.data.name}, {self.labels[at]}"[:80], "sweep": self.title}
