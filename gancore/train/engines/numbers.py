"""Numbers that remember how they came about, so that a tape made with one learning rate can be played with another."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NAMES = {"inf": float("inf"), "nan": float("nan"), "abs": abs}


@dataclass
class Book:
    """What one recording learns of its numbers: where they start, which ways were taken, which were handed to an operation."""

    leaves: dict[str, float] = field(default_factory=dict)
    ways: dict[str, bool] = field(default_factory=dict)  # each comparison on the way, with what came of it
    used: dict[float, Number] = field(default_factory=dict)  # by the value that an operation saw
    functions: dict[str, Callable] = field(default_factory=dict)  # opaque ones, by the name that they are called under
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    def leaf(self, name: str, value: float) -> Number:
        """A number under a name. What operations see of it is slightly off, so that it can be told from a constant."""
        self.leaves[name] = value
        return Number(name, value, self.near(value), self)

    def called(self, name: str, function: Callable, given: Any) -> Number:
        """The result of a function that is not looked into."""
        self.functions[name] = function
        true = function(true_of(given))
        return Number(f"{name}({text(given)})", true, self.near(true), self)

    def near(self, value: float) -> float:
        """Slightly off, and never twice alike."""
        return (value or 0.01) * (1 + self.chance.uniform(1e-4, 2e-4))

    def find(self, value: float) -> Number | None:
        """The number that an operation was given, told by its value."""
        if value in self.used:
            return self.used[value]
        return -self.used[-value] if -value in self.used else None


class Number(float):
    """A float with a name or formula. `true` is its value; as a float it is slightly off, and by that it is known again."""

    def __new__(cls, formula: str, true: float, near: float, book: Book):
        self = super().__new__(cls, near)
        self.formula, self.true, self.book = formula, true, book
        return self

    def __neg__(self):
        return Number(f"(-{self.formula})", -self.true, -plain(self), self.book)

    def __abs__(self):
        return Number(f"abs({self.formula})", abs(self.true), abs(plain(self)), self.book)

    def __bool__(self):
        return self.way(f"bool({self.formula})", bool(self.true))

    def __float__(self):
        return self.fixed(self.true)

    def __int__(self):
        return int(self.fixed(self.true))

    def __trunc__(self):
        return int(self)

    def __round__(self, digits=None):
        return round(self.fixed(self.true), digits)

    __hash__ = float.__hash__

    def fixed(self, value):
        """The bare value: the tape then holds only where it is the same."""
        self.way(f"{self.formula} == {value!r}", True)
        return value

    def way(self, formula: str, came: bool) -> bool:
        self.book.ways[formula] = came
        return came


def plain(value: Any) -> float:
    """What operations see of a number."""
    return float.__float__(value) if isinstance(value, Number) else value


def true_of(value: Any) -> Any:
    return value.true if isinstance(value, Number) else value


def text(value: Any) -> str:
    return value.formula if isinstance(value, Number) else repr(value)


def _between(sign: str, act: Callable):
    """An operator on numbers, and the same with the sides exchanged."""

    def formed(a, b):
        if not all(isinstance(x, (int, float)) for x in (a, b)):
            return NotImplemented
        book = a.book if isinstance(a, Number) else b.book
        return Number(f"({text(a)} {sign} {text(b)})", act(true_of(a), true_of(b)), act(plain(a), plain(b)), book)

    return formed, lambda a, b: formed(b, a)


def _compared(sign: str, act: Callable):
    def formed(a, b):
        if not isinstance(b, (int, float)):
            return NotImplemented
        return a.way(f"({text(a)} {sign} {text(b)})", act(true_of(a), true_of(b)))

    return formed


for _name, _sign in (
    ("add", "+"),
    ("sub", "-"),
    ("mul", "*"),
    ("truediv", "/"),
    ("pow", "**"),
    ("mod", "%"),
    ("floordiv", "//"),
):
    _forth, _back = _between(_sign, getattr(operator, _name))
    setattr(Number, f"__{_name}__", _forth)
    setattr(Number, f"__r{_name}__", _back)
for _name, _sign in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    setattr(Number, f"__{_name}__", _compared(_sign, getattr(operator, _name)))


def function(formulas: list[str], names: list[str], known: Mapping[str, Callable]) -> Callable[..., tuple]:
    """Formulas as one Python function of these names: the same operations on the same floats, so the same bits."""
    body = ", ".join(formulas)
    return eval(f"lambda {', '.join(names)}: ({body}{',' if formulas else ''})", NAMES | dict(known))
