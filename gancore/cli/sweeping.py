"""`sweep`: one game from several seeds, or with several values of one knob, on all cores, and a table of what came out."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from gancore.catalog import BadKnob, shown
from gancore.cli.training import interrupt, plain, read
from gancore.run.hub import Hub
from gancore.run.sweep.bands import INNER
from gancore.run.sweep.members import Seen, Sweeping
from gancore.run.sweep.summary import MEASURE, reached, summary
from gancore.run.sweep.sweep import Sweep

BEAT = 0.5  # seconds between two looks
PATIENCE = 5.0  # seconds that the last pictures may take once all have arrived
DONE, FAILED, STOPPED = 0, 3, 130


def sweep(asked) -> int:
    """Plays as the command line says. Raises `BadKnob` for anything in it that cannot be used."""
    wanted = sweep_of(asked)
    hub = Hub()
    try:
        sweeping = Sweeping(hub, wanted)
        sweeping.play()
        with interrupt() as stop:
            watch(sweeping, stop)
        members = sweeping.seen()
    finally:
        hub.close()
    print(json.dumps(facts(wanted, members), allow_nan=False) if asked.json else table(wanted, members))
    if stop.is_set():
        return STOPPED
    return FAILED if any(member.ended for member in members) else DONE


def sweep_of(asked) -> Sweep:
    """The preset or file with `--set` on top, and `--seeds` or `--vary`."""
    base = read(asked)
    if asked.vary is None:
        return Sweep.seeds(base, asked.seeds or 8, asked.steps)
    address, equals, values = asked.vary.partition("=")
    if not equals or asked.seeds is not None:
        also = " without --seeds" if equals else ""
        raise BadKnob(
            f"vary = {shown(asked.vary)} cannot be used: give knob=value,value{also}, such as d_opt.lr=0.001,0.002"
        )
    return Sweep.of(base, address.strip(), values, asked.steps)


def watch(sweeping: Sweeping, stop) -> None:
    """Looks now and then, until all have arrived or somebody presses Ctrl-C."""
    done, wanted, _ = sweeping.progress
    with tqdm(total=wanted, unit=" iterations", file=sys.stderr, dynamic_ncols=True) as bar:
        while sweeping.state != "finished" and not stop.wait(BEAT):
            sweeping.look()
            done, _, _ = sweeping.progress
            bar.update(done - bar.n)
        bar.update(sweeping.progress[0] - bar.n)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not stop.is_set() and not all(map(drawn, sweeping.seen())):
        time.sleep(0.05)


def drawn(member: Seen) -> bool:
    """Whether the member's newest picture is that of its end."""
    return member.ended or (member.frame is not None and member.frame.iteration == member.iteration)


def table(sweep: Sweep, members: Sequence[Seen]) -> str:
    """A row for each member, then all in one sentence."""
    what, unit = MEASURE[sweep.base.data.page]
    rows = [("", "iteration", what, "D loss", "G loss", "verdict")]
    for member in members:
        d_loss, g_loss = last_losses(member)
        cells = (f"{member.iteration:,}", number(member.final, unit), number(d_loss), number(g_loss), member.verdict[1])
        rows.append((member.label, *cells))
    middle = [number(float(np.nanquantile(c, 0.5))) if np.isfinite(c).any() else "–" for c in columns(members)]
    rows.append(("median", f"{reached(members):,}", f"{middle[0]}{unit}", middle[1], middle[2], ""))
    wide = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(w) if at in (0, 5) else cell.rjust(w) for at, (cell, w) in enumerate(zip(row, wide)))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in [*lines, "", f"{sweep.title}: {summary(sweep, members)}"])


def columns(members: Sequence[Seen]) -> list[np.ndarray]:
    """What is measured, D's and G's loss: one value a member that did not end before its time."""
    kept = [member for member in members if not member.ended]
    return [np.array([m.final for m in kept]), *(np.array([last_losses(m)[at] for m in kept]) for at in (0, 1))]


def last_losses(member: Seen) -> tuple[float, float]:
    """D's and G's, as means over the last cell of the grid that is whole."""
    known = member.lines[np.isfinite(member.lines).all(axis=1)]
    return (float(known[-1, 0]), float(known[-1, 4])) if len(known) else (math.nan, math.nan)


def number(value: float, unit: str = "") -> str:
    return f"{value:.3g}{unit}" if math.isfinite(value) else "–"


def facts(sweep: Sweep, members: Sequence[Seen]) -> dict:
    """What came out, as plain values; what is not finite is null."""
    what = MEASURE[sweep.base.data.page][0]
    finals = columns(members)[0]
    finals = finals[np.isfinite(finals)]
    band = (
        dict(zip(("low", "median", "high"), np.quantile(finals, (INNER[0], 0.5, INNER[1])).tolist()))
        if len(finals)
        else None
    )
    told = [
        {
            "value": value,
            "run": m.run,
            "state": m.state,
            "iteration": m.iteration,
            what: plain(m.final),
            "verdict": m.verdict[0],
        }
        for value, m in zip(sweep.values, members)
    ]
    return {
        "vary": sweep.address,
        "until": sweep.until,
        what: band,
        "members": told,
        "summary": summary(sweep, members),
    }
