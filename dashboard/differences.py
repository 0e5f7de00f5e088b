"""What tells runs beside each other apart: their names, the knobs that differ, and which run is a fork of which."""

from __future__ import annotations

import html

from dashboard.choosing import named, title
from dashboard.panels.abreast import LETTERS
from gancore.catalog import text
from gancore.config import ROLES
from gancore.record.compare import Difference, Past, same_until
from gancore.record.reader import Reader
from gancore.record.store import RecordingError
from gancore.run.recorded import Recorded
from gancore.run.session import Session

VALUE = 60  # characters of a value in the table
STYLE = """<style>
.differences { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
.differences :is(th, td) { padding: 2px 14px 2px 0; text-align: left; font-weight: 400; border: 0; }
.differences th { opacity: .65; white-space: nowrap; }
.differences td { font-weight: 600; }
.differences td span { padding: 0 7px; border-radius: 5px; }
.differences td.other span { background: rgba(230, 159, 0, .26); }
.different { max-height: 134px; overflow-y: auto; }
.differences td i { font-style: normal; font-weight: 400; opacity: .7; }
.differences b { display: inline-grid; place-items: center; width: 20px; height: 20px; border-radius: 5px; background: currentColor; }
.differences b u { text-decoration: none; font-size: 12px; color: var(--st-background-color, Canvas); }
.together-same { font-size: 13px; opacity: .75; margin: 4px 0 0; }
</style>"""


def titles(runs: list[Session | Recorded], differences: list[Difference]) -> list[str]:
    """Names by which these runs can be told apart: where their own do not do it, by the first knobs that differ."""
    names = [title(run) for run in runs]
    if len(set(names)) == len(names):
        return names
    own = [one for one in differences if one.address not in ("data", "step")][:2]
    told = [", ".join(ended(one.address, one.pasts[at]) for one in own) for at in range(len(runs))]
    return [named(run.path) or ": ".join(filter(None, (run.config.data.name, said))) for run, said in zip(runs, told)]


def ended(address: str, past: Past) -> str:
    """A knob as it was in the end, for a name: `hinge`, `d_opt.lr 0.02`."""
    value = text(past[-1][1])[:VALUE] if past and past[-1][1] is not None else "–"
    return value if address in ROLES else f"{address} {value}"


def table(differences: list[Difference], count: int) -> str:
    """The knobs that differ as HTML, one column a run."""
    if not differences:
        return "<p class='together-same'>No knob differs: these runs have the same settings and the same seed.</p>"
    head = "".join(f"<th><b><u>{letter}</u></b></th>" for letter in LETTERS[:count])
    rows = "".join(
        f"<tr><th>{html.escape(one.address)}</th>{''.join(cell(past, one.pasts[0]) for past in one.pasts)}</tr>"
        for one in differences
    )
    return f"<div class='different'><table class='differences'><tr><th>{count_of(differences)}</th>{head}</tr>{rows}</table></div>"


def count_of(differences: list[Difference]) -> str:
    return "1 knob differs" if len(differences) == 1 else f"{len(differences)} knobs differ"


def cell(past: Past, first: Past) -> str:
    """What a knob was over time: `0.002 → 0.01 at 500`; marked where it is not what it was in the first run."""
    parts = [f"<span>{shown(value)}</span>" + f" <i>at {at:,}</i>" * (at > 0) for at, value in past]
    return f"<td{' class=other' * (past != first)}>{' → '.join(parts) or '–'}</td>"


def shown(value) -> str:
    said = "–" if value is None else text(value)
    return html.escape(said if len(said) <= VALUE else said[: VALUE - 2] + " …")


def family(runs: list[Session | Recorded]) -> str:
    """Which of them is a fork of which, and for how long their recordings are the same."""
    said = []
    for letter, run in zip(LETTERS, runs):
        for other, parent in zip(LETTERS, runs):
            of = run.parent and run.parent in (parent.id, parent.path.stem)
            if of and (same := _same(run, parent)):
                said.append(
                    f"{letter} is a fork of {other}: the same, bit for bit, in every number up to iteration {same:,}."
                )
    return "".join(f"<p class='together-same'>{sentence}</p>" for sentence in said)


def _same(run: Session | Recorded, parent: Session | Recorded) -> int:
    try:
        with Reader(run.path) as one, Reader(parent.path) as other:
            return same_until(one, other)
    except RecordingError:  # it is still being made
        return 0
