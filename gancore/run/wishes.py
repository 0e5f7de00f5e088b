"""The settings of a run as they act, as they are wanted and as they are planned, worked out from values alone.

A change is `address=value`; an event is a change, or a `step=d`, and the iteration after which it came or is to come.
"""

from __future__ import annotations

import contextlib

from gancore.catalog import BadKnob, text
from gancore.config import Config


def in_force(started: Config, wanted: Config) -> Config:
    """What acts in a run that started with these settings: of what is wanted by now, all that does not wait for a restart."""
    return Config.from_flat(started.acting(wanted), started)


def turns(started: Config, before: Config, wanted: Config) -> list[str]:
    """The changes that a playing run has to hear of where this is wanted, and was not `before`."""
    now, changes = before, []
    for address, value in in_force(started, before).acting(wanted).items():
        if now.flat().get(address) != value:
            now = now.with_(address, value)
            changes.append(f"{address}={text(value)}")
    return changes


def adopted(wanted: Config, events: list[tuple[int, str]], planned: list[tuple[int, str]]) -> Config:
    """Changes that a link had planned become wishes too as they happen, so that the page shows them and a restart keeps them."""
    for event in events:
        address, _, value = event[1].partition("=")
        if event in planned and address != "step":
            # Where a wish for the next start stands in the way, that wish stays.
            with contextlib.suppress(BadKnob):
                wanted = wanted.with_(address, value)
    return wanted


def script(
    started: Config, wanted: Config, done: list[tuple[int, str]], planned: list[tuple[int, str]], iteration: int
) -> list[tuple[int, str]]:
    """All that was done to a run, `done`, or is still planned. A worker who resumes it does again what its checkpoint lacks."""
    ahead, acting = list(planned), started
    for event in done:
        if event in ahead:
            ahead.remove(event)
        address, _, value = event[1].partition("=")
        if address != "step":
            acting = acting.with_(address, value)
    # Live changes on which the dead worker had not answered yet.
    now = max([iteration, *(at for at, _ in done[-1:])])
    asked = [(now, f"{a}={text(v)}") for a, v in acting.acting(wanted).items()]
    return done + asked + ahead
