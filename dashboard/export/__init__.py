"""A recording as pictures: a page that replays it, a figure of one panel, a film of it.

`python -m gancore export` asks for this package by name once somebody wants a picture, see `gancore/cli/exporting.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dashboard.export.figure import figure
from dashboard.export.film import film
from dashboard.export.replay import replay
from dashboard.export.shown import Shown
from dashboard.export.wish import Tell, Wish
from gancore.record.recording import Reader

WRITERS = {".html": replay, ".svg": figure, ".png": figure, ".gif": film, ".mp4": film}


def writer(asked, tell: Tell) -> Callable[[Reader, Path], None]:
    """What writes the file that the command line asked for: `asked` has `to`, `panel`, `at`, `megabytes` and `theme`, as text.

    Raises `BadKnob` for a wish that makes no sense. `tell(done, of, what)` hears how far it is.
    """
    wish = Wish.read(asked, tell)
    write = WRITERS[wish.ending]

    def drawn(reader: Reader, path: Path) -> None:
        with Shown(reader.path) as shown:
            write(shown, path, wish)

    return drawn
