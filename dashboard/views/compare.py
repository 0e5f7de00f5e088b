"""Two to four runs beside each other, tied to one clock: the same panels for each, and what tells them apart."""

from __future__ import annotations

import copy
from dataclasses import replace

import streamlit as st

from dashboard.choosing import found, pick
from dashboard.differences import STYLE, family, table, titles
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
from dashboard.state import mine, show_together, take
from dashboard.views.stage import cure, panels_of, ready
from gancore import presets
from gancore.observe.diagnoses import diagnoses
from gancore.record.compare import CLOCKS, clock_table, differing
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
    pick(runs)
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
        pick(runs)


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
