"""What somebody wants of an export, and how it says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gancore.catalog import BadKnob, shown

Tell = Callable[[int, int, str], None]

SMALLEST, LARGEST = 3.0, 200.0  # megabytes
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Wish:
    ending: str  # of the file: ".svg"
    tell: Tell
    panel: str = ""  # of a figure or a film
    at: int | None = None  # iteration of a figure; the last one if not said
    megabytes: float = 12.0  # that a replay or a film takes at most
    theme: str = "light"

    @classmethod
    def read(cls, asked, tell: Tell) -> Self:
        """From text. Raises `BadKnob` for what cannot be had."""
        ending = Path(asked.to).suffix
        at = None if asked.at is None else whole(asked.at)
        if at is not None and ending not in (".svg", ".png"):
            raise BadKnob(
                f"at = {shown(asked.at)} goes with .svg and .png alone: a replay and a film show every moment"
            )
        if asked.theme not in THEMES:
            raise BadKnob(f"theme = {shown(asked.theme)} is unknown: give {' or '.join(THEMES)}")
        return cls(ending, tell, asked.panel or "", at, size(asked.megabytes), asked.theme)


def whole(text: str) -> int:
    plain = text.replace(",", "").replace("_", "")
    if not plain.isdecimal() or len(plain) > 15:
        raise BadKnob(f"at = {shown(text)} cannot be used: give an iteration, 0 or more")
    return int(plain)


def size(text: str) -> float:
    try:
        if SMALLEST <= (value := float(text)) <= LARGEST:
            return value
    except ValueError:
        pass
    raise BadKnob(f"megabytes = {shown(text)} cannot be used: give {SMALLEST:g} to {LARGEST:g}")
