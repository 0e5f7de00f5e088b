"""Which of Streamlit's own script files our pages need, so that a browser can fetch them while it still starts.

Streamlit loads a widget's code when the first one of its kind is drawn: forty small files, one round after the other, of
which the player waits for the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import streamlit

STATIC = Path(streamlit.__file__).parent / "static"
# What the first picture needs comes first: Streamlit's side of the player.
WIDGETS = ("BidiComponent", "Html", "Selectbox", "Slider", "Checkbox", "NumberInput", "Button")
IMPORT = re.compile(r"""["'`]\./([\w.-]+\.js)["'`]""")


def chunks() -> tuple[str, ...]:
    """Addresses below the page of these files and all they import, without those that its HTML names already.

    Empty parts where another version of Streamlit calls them differently: then they are fetched as late as ever.
    """
    known = set(re.findall(r"static/js/([\w.-]+\.js)", (STATIC / "index.html").read_text()))
    wanted = (path for widget in WIDGETS for path in (STATIC / "static" / "js").glob(f"{widget}.*.js"))
    return tuple(f"static/js/{name}" for path in wanted for name in _closure(path, known))


def _closure(path: Path, known: set[str]) -> Iterator[str]:
    """This file and what it imports that nobody has yet; each once, importers first."""
    if path.name in known or not path.exists():
        return
    known.add(path.name)
    yield path.name
    for name in IMPORT.findall(path.read_text(encoding="utf-8")):
        yield from _closure(path.parent / name, known)
