"""Starting points with a story: each is one TOML file in this folder, its file name the preset's name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gancore.catalog import BadKnob, near, shown
from gancore.config import Config, read_toml

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Preset:
    """A config, the page it belongs to ("line", "plane", "images" or "dynamics"), and one sentence that says why it is worth a look."""

    name: str
    title: str
    page: str
    story: str
    config: Config


@cache
def names() -> list[str]:
    """All presets; those that are named after their page come first."""
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return sorted(found, key=lambda name: name not in ("line", "plane", "images", "dynamics"))


@cache
def load(name: str) -> Preset:
    """The preset of this name. Raises `BadKnob` with the names there are."""
    if name not in names():
        raise BadKnob(f"preset = {shown(name)} is unknown{near(name, names())}: give one of {', '.join(names())}")
    return parse(name, (FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def parse(name: str, source: str) -> Preset:
    """A preset from TOML: a config's tables, with what is told about them or without. Raises `BadKnob`."""
    tables = read_toml(source)
    title, page, story = (tables.pop(key, "") for key in ("title", "page", "story"))
    return Preset(name, title, page, story, Config.from_tables(tables))
