"""The loops of `tests/run/watching/loops`, played as they stand or with the lines that watch them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

LOOPS = sorted((Path(__file__).parent / "loops").glob("*.py"))
MARK = re.compile(r"# watch: ?")


def source(path: Path, watched: bool) -> str:
    """The script; `watched` puts in the lines that stand in it as comments."""
    text = path.read_text(encoding="utf-8")
    return MARK.sub("", text) if watched else text


def changed(path: Path) -> int:
    """How many lines watching takes."""
    return len(MARK.findall(path.read_text(encoding="utf-8")))


def play(path: Path, steps: int, watched: bool) -> dict[str, Any]:
    """Runs the script to its end; what it leaves behind by name."""
    left: dict[str, Any] = {"__name__": path.stem}
    code = source(path, watched).replace("STEPS = 500", f"STEPS = {steps}")
    exec(compile(code, str(path), "exec"), left)
    if watched:
        left["run"].close()
    return left
