"""What a run is called: by whoever named it, else by what was played and when."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from functools import cache

from gancore import presets
from gancore.catalog import BadKnob, text
from gancore.config import Config
from gancore.record.entry import Entry

TELLING = ("loss", "penalty", "constraint", "input")  # roles that set runs on the same data apart
NOTHING = "none"
MOST, LONGEST = 2, 24  # settings that tell runs apart by name, and characters of a value


def called(entry: Entry) -> str:
    """Such as "Two bells · non-saturating · R1 · 25 Nov 14:02"."""
    if entry.name:
        return entry.name
    when = time.strftime("%d %b %H:%M", time.localtime(entry.created)).lstrip("0")
    return f"{entry.watched or played(entry) or entry.path.stem} · {when}"


def apart(entries: list[Entry]) -> list[str]:
    """What each of these is called; where that would be alike, also by the settings that differ, else by the second, else by its file."""
    names = [called(entry) for entry in entries]
    for tell in (_settings, _seconds, _files):
        for name in [name for name, count in Counter(names).items() if count > 1]:
            alike = [at for at, other in enumerate(names) if other == name]
            for at, more in zip(alike, tell([entries[at] for at in alike])):
                names[at] = name + more
    return names


def _settings(alike: list[Entry]) -> list[str]:
    configs = [{address: text(value) for address, value in (entry.config or {}).items()} for entry in alike]
    addresses = dict.fromkeys(address for config in configs for address in config)
    differ = [address for address in addresses if len({config.get(address) for config in configs}) > 1][:MOST]
    return ["".join(f" · {address} {config.get(address, '–')[:LONGEST]}" for address in differ) for config in configs]


def _seconds(alike: list[Entry]) -> list[str]:
    return [
        time.strftime(f" · {'%H:%M:%S' if entry.name else 'second %S'}", time.localtime(entry.created))
        for entry in alike
    ]


def _files(alike: list[Entry]) -> list[str]:
    return [f" · {entry.path.stem}" for entry in alike]


def played(entry: Entry) -> str:
    """The data, or the preset that it is, and what each role plays; empty for what is no config of ours."""
    try:
        config = Config.from_flat(entry.config or {})
    except BadKnob:
        return ""
    data = getattr(config.data, "title", "") or config.data.name
    chosen = (getattr(config, role).name for role in TELLING)
    return " · ".join([titles().get(replace(config, seed=0), data), *(word(n) for n in chosen if n != NOTHING)])


@cache
def titles() -> dict[Config, str]:
    """Whatever the seed, a preset's settings go by its title."""
    return {replace(preset.config, seed=0): preset.title for preset in map(presets.load, presets.names())}


def word(name: str) -> str:
    """A name of the catalog as papers write it: initials are large, as in R1, WGAN-GP and fgan-kl's KL."""
    return "-".join(part.upper() if len(part) <= 2 or "gan" in part else part for part in name.split("-"))
