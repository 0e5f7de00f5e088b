"""One panel at one moment as a figure for a paper: SVG of lines and letters, or PNG."""

from __future__ import annotations

from pathlib import Path

from dashboard.export.camera import camera
from dashboard.export.shown import Shown
from dashboard.export.wish import Wish


def figure(shown: Shown, path: Path, wish: Wish) -> None:
    """Raises `BadKnob` for a panel that is not there."""
    panel = shown.panel(wish.panel)
    frame = shown.last if wish.at is None else shown.at(wish.at)
    with camera(panel, shown.told(frame.iteration), wish.theme, wish.ending[1:]) as ready:
        path.write_bytes(ready.shoot(frame))
