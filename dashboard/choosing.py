"""Runs to be shown beside each other: found by their names, called by what they play, and chosen from a list."""

from __future__ import annotations

import datetime
from pathlib import Path

import streamlit as st

from dashboard.panels.abreast import MOST
from dashboard.state import hub, mine, show_together
from gancore.record.reader import Reader
from gancore.record.store import RecordingError
from gancore.run.recorded import Recorded
from gancore.run.session import Session

LISTED = 300  # recordings to choose from, the newest


def found(name: str) -> Session | Recorded | None:
    """The run of this name: live if it is, else what it last recorded."""
    live = [run for run in hub().sessions.values() if name in (run.id, run.path.stem)]
    if live or (recorded := hub().find(name)):
        return live[0] if live else recorded
    known = [path for path in hub().folder.glob("*.sqlite") if path.stem.rpartition("-")[0] == name]
    newest = max(known, key=lambda path: int(path.stem.rpartition("-")[2] or 0), default=None)
    return hub().find(newest.stem) if newest else None


def title(run: Session | Recorded) -> str:
    """A run's own name, or what it plays."""
    config = run.running()
    return named(run.path) or f"{config.data.name}, {config.loss.name}, seed {config.seed}"


def named(path: Path) -> str:
    """What whoever made a recording called it, or nothing."""
    try:
        with Reader(path) as reader:
            return _said(reader)
    except RecordingError:
        return ""


def _said(reader: Reader) -> str:
    name = reader.fact("name")
    return name[:80] if isinstance(name, str) else ""


def pick(runs: list[Session | Recorded]) -> None:
    """The list, and the button that shows those which were chosen of it; `runs` are, to begin with."""
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
