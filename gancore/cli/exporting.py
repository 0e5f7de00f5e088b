"""`export`: a recording in a format of somebody else's, or as pictures.

Pictures are drawn by the panels of the dashboard, on which nothing here stands: it is asked for by name, and only once
somebody wants a picture. Without it everything else goes on, and this command says what is missing.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path

from tqdm import tqdm

from gancore.catalog import BadKnob, shown
from gancore.record.export import DRAWN, FORMATS, export

PICTURES = "dashboard.export"


def give(asked) -> int:
    """Writes the file and says which. Raises `BadKnob` for a run or format that is not there."""
    progress = Lines() if asked.json else Bar()
    ending = Path(asked.to).suffix
    draws = ending in DRAWN and (asked.panel or ending not in FORMATS)
    if not draws and (asked.panel or asked.at is not None):
        raise BadKnob(f"to = {shown(asked.to)} shows no panel: --panel and --at go with {', '.join(DRAWN)}")
    try:
        path = export(asked.run, asked.to, drawing(asked, progress) if draws else None)
    finally:
        progress.close()
    print(json.dumps({"file": str(path), "bytes": path.stat().st_size}) if asked.json else path)
    return 0


def drawing(asked, progress):
    """What writes a picture of the recording."""
    try:
        pictures = importlib.import_module(PICTURES)
    except ModuleNotFoundError as missing:
        raise BadKnob(
            f"to = {shown(asked.to)} needs the package {missing.name}: pip install -r requirements.txt"
        ) from None
    return pictures.writer(asked, progress.tell)


class Bar:
    """How far it is, on the error stream of a terminal."""

    def __init__(self):
        self._bar = None

    def tell(self, done: int, of: int, what: str) -> None:
        if self._bar is None:
            self._bar = tqdm(total=of, unit=f" {what}", leave=False, disable=None)
        self._bar.total = of
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


class Lines:
    """One JSON object a line, at most ten a second."""

    def __init__(self):
        self._told = 0.0

    def tell(self, done: int, of: int, what: str) -> None:
        if done == of or time.monotonic() - self._told > 0.1:
            self._told = time.monotonic()
            print(json.dumps({"done": done, "of": of, "what": what}), flush=True)

    def close(self) -> None:
        sys.stdout.flush()
