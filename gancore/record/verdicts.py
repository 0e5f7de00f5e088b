"""What was last said about a run's health: read from the newest frame that holds it, checked, and never believed blindly."""

from __future__ import annotations

import json
import math
from typing import Any

from gancore.observe.diagnoses.doctor import Number, Verdict
from gancore.observe.diagnoses.shelf import Cure
from gancore.observe.frame import Frame
from gancore.record.reader import END, Reader
from gancore.record.store import kindly

ARRAY = "health"  # of a frame: the verdicts as JSON in UTF-8 bytes
MOST = 32  # verdicts in a frame
TEXT = 500  # characters of a word or sentence


def last(reader: Reader, until: int = END) -> tuple[Verdict, ...]:
    """The verdicts as they stood at this iteration; none if the frame there holds none."""
    data = reader.frame(until)
    if data is None:
        return ()
    with kindly(reader.path, "read"):
        said = Frame.decode(data).arrays.get(ARRAY)
        if said is None or said.nbytes > 1 << 16:
            return ()
        return tuple(verdict(one) for one in json.loads(said.tobytes())[:MOST])


def verdict(plain: dict[str, Any]) -> Verdict:
    """A verdict from what `Verdict.plain` gave. Raises one of the errors in `store.STRANGE` for anything else."""
    words = {key: text(plain[key]) for key in ("name", "title", "says", "panel")}
    counts = {key: int(plain[key]) for key in ("since", "seen")}
    numbers = tuple(
        Number(text(one["what"]), number(one["value"]), one["floor"] and tuple(map(number, one["floor"])))
        for one in plain["numbers"]
    )
    cure = plain["cure"] and Cure(
        text(plain["cure"]["change"]), text(plain["cure"]["expect"]), int(plain["cure"]["within"])
    )
    return Verdict(**words, **counts, numbers=numbers, cure=cure or None)


def text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > TEXT:
        raise ValueError("a verdict in it is not words")
    return value


def number(value: Any) -> float:
    return math.nan if value is None else float(value)
