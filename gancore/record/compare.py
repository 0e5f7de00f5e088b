"""Recordings beside each other: where their clocks stand, which knobs tell them apart, and since when they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gancore.catalog import BadKnob
from gancore.config import Config, find
from gancore.record.reader import Reader

CLOCKS = {"iteration": "Iteration", "d_updates": "D updates", "seconds": "Training time"}  # by which runs can be tied
POINTS = 100  # of a clock's table: between two of them a clock is taken to go evenly
CHUNK = 1 << 14  # iterations read at a time

Event = tuple[int, str]  # iteration, and "address=value" or "step=d"
Past = tuple[tuple[int, Any], ...]  # (iteration from which on, value): what one knob was, in order of time


@dataclass(frozen=True)
class Difference:
    """A knob that is not, or was not always, the same. `pasts` has one past for each run: empty where it has no such knob."""

    address: str
    pasts: tuple[Past, ...]


def differing(runs: Sequence[tuple[Config, Sequence[Event]]]) -> list[Difference]:
    """The knobs by which these runs differ, each run given by its settings at the start and what was changed on the way.

    What comes along with a choice that only some have made is told where it is not at that choice's default.
    """
    pasts = [past(*run) for run in runs]
    addresses = dict.fromkeys(address for known in pasts for address in known)
    found = [Difference(address, tuple(known.get(address, ()) for known in pasts)) for address in addresses]
    return [one for one in found if len(set(one.pasts)) > 1 and _telling(one, runs)]


def past(config: Config, events: Sequence[Event]) -> dict[str, Past]:
    """What every knob was, from the start on: by address. Updates made by hand stand under `step`."""
    now, known = config.flat(), {address: ((0, value),) for address, value in config.flat().items()}
    for at, what in events:
        address, _, value = what.partition("=")
        if address == "step":
            known["step"] = (*known.get("step", ()), (at, value))
            continue
        try:
            config = config.with_(address, value)
        except BadKnob:
            continue  # Not a setting: a note of another program's.
        then = config.flat()
        for changed in {*now, *then}:
            if now.get(changed) != then.get(changed):
                before = tuple(entry for entry in known.get(changed, ()) if entry[0] < at)
                known[changed] = (*before, (at, then.get(changed)))
        now = then
    return known


def _telling(one: Difference, runs: Sequence[tuple[Config, Sequence[Event]]]) -> bool:
    """False for a knob that only some runs have, where each of them left it as it comes."""
    there = [(run[0], past) for run, past in zip(runs, one.pasts) if past]
    if len(there) == len(runs) or len({past for _, past in there}) > 1 or one.address == "step":
        return True
    config, ((at, value), *rest) = there[0]
    knob = find(config, one.address) if at == 0 else None
    return bool(rest) or (knob is not None and value != knob.default)


def clock_table(reader: Reader) -> np.ndarray:
    """(n, 3) float64: iteration, D updates and seconds of training at some moments, in order of time, from the start on.

    Denser where a knob was turned: what an iteration holds, or takes, may have changed there.
    """
    kept = np.array(reader.frames(), int)
    if not len(kept):
        return np.zeros((1, 3))
    turned = np.searchsorted(kept, [event["iteration"] for event in reader.events()])
    around = np.concatenate([turned - 1, turned, turned + 1])[: 3 * POINTS]
    chosen = np.unique(np.concatenate([np.linspace(0, len(kept) - 1, POINTS).astype(int), around]))
    chosen = chosen[(chosen >= 0) & (chosen < len(kept))]
    said = ((at, reader.info(at)) for at in kept[chosen].tolist())
    rows = [(at, info["d_updates"], info["elapsed"]) for at, info in said if {"d_updates", "elapsed"} <= info.keys()]
    table = np.array([(0, 0, 0), *(row for row in rows if row[0] > 0)], float)
    return np.maximum.accumulate(table, axis=0)  # a clock never goes back


def same_until(one: Reader, other: Reader) -> int:
    """The last iteration up to which every scalar that both hold is the same, bit for bit."""
    at = 0
    while one.names == other.names:
        (here, mine), (there, theirs) = (reader.scalars(at + 1, at + CHUNK) for reader in (one, other))
        n = min(len(mine), len(theirs))
        same = (here[:n] == there[:n]) & (mine[:n].view(np.uint32) == theirs[:n].view(np.uint32)).all(axis=1)
        if not same.all():
            return at + int(same.argmin())
        at += n
        if n < CHUNK:
            break
    return at
