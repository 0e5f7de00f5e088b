"""What a run is called: by whoever named it, else by what was played and when."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache

from gancore import presets
from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.record.entry import Entry

TELLING = ("loss", "penalty", "constraint", "input")  # roles that set runs on the same data apart
NOTHING = "none"


def called(entry: Entry) -> str:
    """Such as "Two bells · non-saturating · R1 · 25 Nov 14:02"."""
    if entry.name:
        return entry.name
    when = time.strftime("%d %b %H:%M", time.localtime(entry.created)).lstrip("0")
    return f"{entry.watched or played(entry) or entry.path.stem} · {when}"


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
