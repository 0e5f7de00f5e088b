"""`list`: every choice of every catalog with its source, or one catalog with its knobs."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gancore import presets
from gancore.catalog import BadKnob, Catalog, Knob, knobs, near, shown, text
from gancore.config import LIVE_ROLES, ROLES, Config

HEAD = """# Everything there is to pick

Made by `python -m gancore list --markdown` from what the code declares. On the command line a knob is set as
`--set loss=least-squares --set loss.goal=0.5`, in a link as `?loss=least-squares&loss.goal=0.5`; *live* ones act from the next
iteration."""

CATALOGS: dict[str, Catalog] = {catalog.family: catalog for catalog in ROLES.values()}


@dataclass(frozen=True)
class Entry:
    """One line of the list, and what can be set on it."""

    doc: str
    knobs: tuple[Knob, ...] = ()


def shelves() -> dict[str, dict[str, Entry]]:
    """All there is by family and name: presets, every catalog, and the knobs that belong to no choice."""
    told = [presets.load(name) for name in presets.names()]
    return {
        "preset": {preset.name: Entry(f"{preset.title}. {preset.story}") for preset in told},
        **{
            family: {
                name: Entry(inspect.getdoc(choice).splitlines()[0], knobs(choice)) for name, choice in catalog.items()
            }
            for family, catalog in CATALOGS.items()
        },
        "run": {"run": Entry("What belongs to no choice.", knobs(Config))},
    }


def show(asked) -> int:
    """Prints what there is to pick. Raises `BadKnob` where the catalog asked for is unknown."""
    there = shelves()
    if asked.catalog is not None:
        if asked.catalog not in there:
            near_by = near(asked.catalog, there)
            raise BadKnob(f"catalog = {shown(asked.catalog)} is unknown{near_by}: give one of {', '.join(there)}")
        there = {asked.catalog: there[asked.catalog]}
    if asked.markdown:
        head = [] if asked.catalog else [HEAD]
        print("\n\n".join([*head, *("\n".join(table(family, entries)) for family, entries in there.items())]))
    elif asked.json:
        print(json.dumps({family: facts(entries) for family, entries in there.items()}, indent=2))
    else:
        whole = asked.catalog is not None
        print("\n\n".join("\n".join(lines(family, entries, whole)) for family, entries in there.items()))
    return 0


def facts(entries: dict[str, Entry]) -> dict[str, Any]:
    """Plain values: every name with its source and its knobs."""
    return {name: {"doc": entry.doc, "knobs": [plain(k) for k in entry.knobs]} for name, entry in entries.items()}


def plain(k: Knob) -> dict[str, Any]:
    """A knob as plain values."""
    names = ("name", "kind", "default", "low", "high", "choices", "accepts", "live", "help")
    return {name: getattr(k, name) for name in names}


def lines(family: str, entries: dict[str, Entry], with_knobs: bool) -> Iterator[str]:
    """Text: how the family is addressed, then each name with its source, and its knobs if they are wanted."""
    roles = [role for role, catalog in ROLES.items() if catalog.family == family]
    yield f"{family}  (set as {', '.join(roles)})" if roles else family
    width = max(map(len, entries)) + 2
    for name, entry in entries.items():
        yield f"  {name:{width}}{entry.doc}"
        for k in entry.knobs if with_knobs else ():
            acts = "live" if k.live else "on restart"
            yield f"  {'':{width}}{k.name} = {text(k.default)}: {k.help}; {k.accepts}; acts {acts}"


def table(family: str, entries: dict[str, Entry]) -> Iterator[str]:
    """Markdown: a heading, how the family is addressed, and a row for each name."""
    roles = [role for role, catalog in ROLES.items() if catalog.family == family]
    swapped = "live" if set(roles) <= LIVE_ROLES else "on restart"
    yield f"## {family}\n"
    if roles:
        yield f"Set as {' or '.join(f'`{role}`' for role in roles)}; another choice acts {swapped}.\n"
    yield "| choice | paper and point | knobs |\n|---|---|---|"
    for name, entry in entries.items():
        yield f"| `{name}` | {cell(entry.doc)} | {'<br>'.join(cell(turned(k)) for k in entry.knobs)} |"


def turned(k: Knob) -> str:
    """A knob in one line of Markdown."""
    return f"`{k.name}` = {text(k.default)}: {k.help} ({k.accepts}; {'live' if k.live else 'on restart'})"


def cell(words: str) -> str:
    """Text as a cell of a table takes it."""
    return words.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
