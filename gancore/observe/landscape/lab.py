"""What a reader sets up on the bench: a toy game, ways to move, a step size, a start; it round-trips through a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gancore.catalog import BadKnob, knob, knobs, near, shown, text
from gancore.config import Config
from gancore.observe.landscape.methods import Method, methods
from gancore.observe.landscape.toys import TOYS, Toy, config_of

MOST = 6  # methods side by side; more would be too small to see
FIRST = ("simultaneous", "alternating", "extragradient", "optimistic", "r1", "consensus")


@dataclass(frozen=True)
class Lab:
    """The bench. `methods` are those that are shown, in the order of the catalog; `known` all of them with their knobs."""

    game: str = knob("dirac", choices=tuple(TOYS), help="Two numbers against each other")
    h: float = knob(0.2, 0.01, 2.5, log=True, label="step size h", help="Learning rate of both players")
    theta: float = knob(1.0, -4.0, 4.0, label="θ", help="Where G starts")
    psi: float = knob(1.0, -4.0, 4.0, label="ψ", help="Where D starts")
    iterations: int = knob(120, 20, 500, help="How far every method walks")
    names: tuple[str, ...] = FIRST
    known: Mapping[str, Method] = field(default_factory=lambda: {name: methods[name]() for name in methods})

    @property
    def toy(self) -> Toy:
        return TOYS[self.game]

    @property
    def methods(self) -> list[Method]:
        return [self.known[name] for name in methods if name in self.names]

    @property
    def at(self) -> tuple[float, float]:
        return self.theta, self.psi

    def config(self, method: Method) -> Config:
        return config_of(self.toy, self.h, method.settings())

    def to_query(self) -> dict[str, str]:
        """All of it as text, for a link; of the methods, the knobs of those that are shown."""
        query = {k.name: text(getattr(self, k.name)) for k in knobs(self)} | {"methods": ",".join(self.names)}
        return query | {f"{m.name}.{k.name}": text(getattr(m, k.name)) for m in self.methods for k in knobs(m)}

    def with_(self, address: str, value: Any) -> Lab:
        """The same bench with one thing changed. Raises `BadKnob`, which says what came and what would do."""
        own = {k.name: k for k in knobs(self)}
        name, _, which = address.partition(".")
        if address == "methods":
            return replace(self, names=named(value))
        if address in own:
            return replace(self, **{address: own[address].parse(value)})
        if name in self.known and which:
            return replace(self, known={**self.known, name: turned(self.known[name], which, value)})
        known = [*own, "methods", *(f"{m.name}.{k.name}" for m in self.known.values() for k in knobs(m))]
        raise BadKnob(f"setting {shown(address)} is unknown{near(address, known)}: give one of {', '.join(known)}")


def named(value: str) -> tuple[str, ...]:
    names = tuple(value.split(","))
    for name in names:
        methods.find(name)
    if len(set(names)) != len(names) or len(names) > MOST:
        raise BadKnob(
            f"methods = {shown(value)} cannot be used: give 1 to {MOST} different ones of {', '.join(methods)}"
        )
    return names


def turned(method: Method, which: str, value: Any) -> Method:
    return methods.make(method.name, **{k.name: getattr(method, k.name) for k in knobs(method)} | {which: value})
