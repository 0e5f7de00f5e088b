"""Two to four runs beside each other, tied to one clock: the same panels for each, and what tells them apart."""

from __future__ import annotations

import copy
import datetime
import html
from dataclasses import replace
from pathlib import Path

import streamlit as st

from dashboard.examples import Example, offer
from dashboard.live.abreast import mount
from dashboard.one_knob import choose, start
from dashboard.panels.abreast import DASHES, LETTERS, MOST, alike, overlays
from dashboard.panels.density import density
from dashboard.panels.health import health
from dashboard.panels.panel import assign
from dashboard.panels.pca import pca
from dashboard.panels.plane import plane
from dashboard.panels.samples import samples
from dashboard.panels.scores import scores
from dashboard.panels.shares import shares
from dashboard.state import hub, mine, show_together, take
from dashboard.views.stage import cure, panels_of, ready
from gancore import presets
from gancore.catalog import text
from gancore.config import ROLES
from gancore.observe.diagnoses import diagnoses
from gancore.record.compare import CLOCKS, Difference, Past, clock_table, differing, same_until
from gancore.record.reader import Reader
from gancore.record.store import RecordingError
from gancore.run.pace import Pace
from gancore.run.recorded import Recorded
from gancore.run.session import Session

PANELS = {
    "line": (health, density, scores),
    "plane": (health, plane, shares),
    "images": (health, samples, pca),
    "dynamics": (health, scores),
}
TOOLS = {"health", "hover"}  # data are edited on a run's own page
# Words for which there is no room beside another run: the sentence says them already, or fewer do.
SLIM = {
    "shares": {"data.3.showscale": False},
    "plane": {"layout.annotations.11.text": "density, 1 if spread evenly"},
}
FAILURES = {
    "failure-cycling": "cycling",
    "failure-dropped-modes": "dropped-modes",
    "failure-vanishing": "vanishing-gradient",
}
LISTED = 300  # recordings to choose from, the newest
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


def show():
    ids = [name for name in dict.fromkeys(st.query_params.get("runs", "").split(",")) if name]
    runs = [run for name in ids if (run := found(name)) and run.config]
    clock = st.query_params.get("clock", "iteration")
    _complain(ids, runs, clock)
    if len(runs) < 2:
        _choose(runs)
        return
    runs = runs[:MOST]
    if not all(run.config.data.page == "line" or ready(run) for run in runs):
        return
    clock = clock if clock in CLOCKS else "iteration"
    told, acts = st.columns([0.68, 0.32])
    differences = differing([(run.config, changes(run)) for run in runs])
    with told:
        st.html(STYLE + table(differences, len(runs)) + family(runs))
    with acts:
        _acts(runs)
    configs = [run.running() for run in runs]
    panels = alike([specs(run) for run in runs])
    names = titles(runs, differences)
    mount(
        [about(run, *place) for run, *place in zip(runs, LETTERS, DASHES, names, panels)],
        overlays(configs, clock),
        clock,
        _tie,
        _open,
        _cure,
    )


def found(name: str) -> Session | Recorded | None:
    """The run of this name: live if it is, else what it last recorded."""
    live = [run for run in hub().sessions.values() if name in (run.id, run.path.stem)]
    if live or (recorded := hub().find(name)):
        return live[0] if live else recorded
    known = [path for path in hub().folder.glob("*.sqlite") if path.stem.rpartition("-")[0] == name]
    newest = max(known, key=lambda path: int(path.stem.rpartition("-")[2] or 0), default=None)
    return hub().find(newest.stem) if newest else None


def changes(run: Session | Recorded) -> list[tuple[int, str]]:
    """What was changed on the way. A fork that is still being made has not told: what it was opened with."""
    return run.changes if run.loading and not run.events else run.events


def specs(run: Session | Recorded) -> list[dict]:
    """Its panels as the player takes them, each one column wide."""
    panels = panels_of(PANELS[run.config.data.page], run.running())
    made = [copy.deepcopy(replace(p, tools=tuple(t for t in p.tools if t in TOOLS), span=1).spec) for p in panels]
    for spec in made:
        for path, value in SLIM.get(spec["name"], {}).items():
            assign(spec["figure"], path, value)
    return made


def about(run: Session | Recorded, letter: str, dash: str, name: str, panels: list[dict]) -> dict:
    """What the player has to know of a run, and of its place beside the others."""
    steered = mine(run)
    return dict(
        run=run.id,
        key=run.key if steered else None,
        controls=steered,
        letter=letter,
        dash="" if dash == "solid" else dash.replace("px", ""),
        name=name,
        title=run.path.stem,
        aim=getattr(run, "aim", {}),
        table=_clocks(run),
        panels=panels,
    )


def title(run: Session | Recorded) -> str:
    """A run's own name, or what it plays."""
    config = run.running()
    return _named(run.path) or f"{config.data.name}, {config.loss.name}, seed {config.seed}"


def titles(runs: list[Session | Recorded], differences: list[Difference]) -> list[str]:
    """Names by which these runs can be told apart: where their own do not do it, by the first knobs that differ."""
    names = [title(run) for run in runs]
    if len(set(names)) == len(names):
        return names
    own = [one for one in differences if one.address not in ("data", "step")][:2]
    told = [", ".join(ended(one.address, one.pasts[at]) for one in own) for at in range(len(runs))]
    return [_named(run.path) or ": ".join(filter(None, (run.config.data.name, said))) for run, said in zip(runs, told)]


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


def _clocks(run: Session | Recorded) -> list[list[float]]:
    try:
        with Reader(run.path) as reader:
            return clock_table(reader).tolist()
    except RecordingError:
        return [[0, 0, 0]]


def _complain(ids: list[str], runs: list, clock: str) -> None:
    unknown = [name for name in ids if not found(name)]
    if unknown:
        st.error(
            f"No run or recording is called {', '.join(name[:80] for name in unknown)}: it was deleted, or is on another server. "
            "Choose among those that are here.",
            icon=":material/search_off:",
        )
    watched = [name for name in ids if (run := found(name)) and not run.config]
    if watched:
        st.info(
            f"{', '.join(name[:80] for name in watched)}: a loop that is not ours, recorded by `watch`. It has no settings to "
            "hold against others yet; open it from page **Runs**.",
            icon=":material/sensors:",
        )
    if len(runs) > MOST:
        st.warning(f"{len(runs)} runs came: the first {MOST} are shown.", icon=":material/filter_4:")
    if clock not in CLOCKS:
        st.error(f"clock = {clock[:40]!r} is unknown: give one of {', '.join(CLOCKS)}.", icon=":material/link_off:")


def _choose(runs: list[Session | Recorded]) -> None:
    """What this page is for, and the runs there are to be chosen from."""
    st.subheader("Compare", anchor=False)
    st.markdown(
        "Two to four runs side by side, tied to one clock: the same charts on the same axes, one Play, one slider, and above them which "
        "knobs differ. Choose runs here or on the page **Runs**; press **A/B** beside a run's knobs to start two that differ in one; "
        "or **Fork … beside it** under any run."
    )
    _pick(runs)
    if not runs:
        offer([example(*names) for names in FAILURES.items()], "compare")


def example(preset: str, verdict: str) -> Example:
    """A game with one thing wrong beside the same game with its cure, from the first iteration on."""
    failure = presets.load(preset)
    cured = failure.config.with_(*diagnoses.make(verdict).cure(failure.config).change.split("="))

    def begin():
        show_together(*(start(config, Pace()).id for config in (failure.config, cured)))

    what = failure.title.removeprefix("Failure: ").capitalize()
    return Example(f"{what}, and its cure", failure.story, failure.config, "Start both", begin)


def _pick(runs: list[Session | Recorded]) -> None:
    names = options()
    for run in runs:
        names.setdefault(run.id, title(run))
    picked = st.multiselect(
        "Runs", list(names), [run.id for run in runs], format_func=lambda name: names.get(name, name), max_selections=MOST,
        placeholder="Type a part of a name, a data set or a loss", key=f"compare/pick/{','.join(run.id for run in runs)}",
    )  # fmt: skip
    if not names:
        st.info("There is nothing to compare yet: play a run on any page first.", icon=":material/play_circle:")
    if st.button("Show side by side", type="primary", icon=":material/compare:", disabled=len(picked) < 2):
        show_together(*picked)
        st.rerun()


def options() -> dict[str, str]:
    """What there is to choose from: this visitor's own live runs, then recordings, the newest first."""
    live = [run for run in hub().sessions.values() if mine(run)]
    names = {run.id: f"live: {title(run)}, iteration {run.iteration:,}" for run in live}
    writing = {run.path for run in hub().sessions.values()}
    paths = sorted((p for p in hub().folder.glob("*.sqlite") if p not in writing), key=_changed, reverse=True)
    for path in paths[:LISTED]:
        if label := _label(path, _changed(path)):
            names[path.stem] = label
    return names


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # deleted just now
        return 0


@st.cache_data(max_entries=2000, show_spinner=False)
def _label(path: Path, changed: int) -> str:
    try:
        with Reader(path) as reader:
            if not (last := reader.last()):
                return ""
            day = datetime.datetime.fromtimestamp(reader.created)
            what = _said(reader) or f"{reader.config.get('data')}, {reader.config.get('loss')}"
            return f"{what}, {last:,} iterations, {day:%d %b %H:%M}"
    except RecordingError:
        return ""


def _named(path: Path) -> str:
    try:
        with Reader(path) as reader:
            return _said(reader)
    except RecordingError:
        return ""


def _said(reader: Reader) -> str:
    name = reader.fact("name")
    return name[:80] if isinstance(name, str) else ""


def _acts(runs: list[Session | Recorded]) -> None:
    """Turn a knob of one of them, or show others."""
    steered = [(letter, run) for letter, run in zip(LETTERS, runs) if mine(run)]
    columns = st.columns(2)
    if steered:
        with columns[0].popover("Turn a knob", icon=":material/tune:", width="stretch"):
            letters = [letter for letter, _ in steered]
            letter = (
                st.segmented_control("Of", letters, default=letters[-1], key=f"compare/turn/{''.join(letters)}")
                or letters[-1]
            )
            run = dict(steered)[letter]
            other = choose(run.wanted, f"compare/{run.id}", only_live=True)
            if st.button("Turn it", type="primary", disabled=other is None, key="compare/turn it"):
                run.want(other)
                st.rerun()
    with columns[1].popover("Other runs", icon=":material/library_add:", width="stretch"):
        _pick(runs)


def _tie(clock: str) -> None:
    if clock in CLOCKS:
        st.query_params["clock"] = clock
        st.rerun()


def _open(name: str) -> None:
    run = found(name)
    if run and mine(run):
        take(run.config.data.page, run)
    elif run:
        st.query_params.from_dict({"watch": run.id})
    st.rerun()


def _cure(name: str, verdict: str, iteration: int) -> None:
    if (run := found(name)) and iteration >= 0:
        cure(run, verdict, iteration)
