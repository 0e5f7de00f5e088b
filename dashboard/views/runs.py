"""The library: every recording of this server, to look back on, fork, name, delete or bring in from elsewhere."""

from __future__ import annotations

import datetime
import os
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import streamlit as st

from dashboard.live import share
from dashboard.names import apart, called
from dashboard.panels.abreast import MOST
from dashboard.state import hub, owner, show_together, take
from dashboard.views.foreign import escaped
from dashboard.views.stage import panels_of
from dashboard.views.watch import PAGES
from gancore.record import library, writer
from gancore.record.entry import Entry
from gancore.record.store import RecordingError
from gancore.run.recorded import known

MB = 2**20
NEWS = 3.0  # Seconds between two looks into the folder.
LIVE = "● live"
STANDINGS = {writer.LIVE: LIVE, writer.SILENT: "at rest", writer.GONE: "cut off", writer.CLOSED: ""}
# All of them fit into 1366 pixels.
COLUMNS = {
    "name": st.column_config.TextColumn("Run", width=420),
    "standing": st.column_config.TextColumn(
        "State",
        help="live: being trained now. at rest: still open, no news. cut off: its program ended without closing it",
        width="small",
    ),
    "verdict": st.column_config.TextColumn("Verdict", help="What the doctor last said", width=160),
    "iterations": st.column_config.NumberColumn("Iterations", format="localized", width=80),
    "D loss": st.column_config.LineChartColumn("D loss", width=90),
    "G loss": st.column_config.LineChartColumn("G loss", width=90),
    "recorded": st.column_config.DatetimeColumn("Recorded", format="D MMM YYYY, HH:mm", width=130),
    "MB": st.column_config.NumberColumn("MB", format="%.1f", width=50),
    "mine": st.column_config.CheckboxColumn(
        "Yours", help="Made with this browser: only you may name or delete it here", width=50
    ),
    "note": st.column_config.TextColumn("Note", width=130),
}


def show():
    st.subheader("Runs", anchor=False)
    st.caption(
        "Every run is recorded. Choose one to look back on it, to play on from any of its moments, to name it or to delete it; "
        f"or two to {MOST} to see them side by side."
    )
    _undo()
    _list()
    _bring_in()


@st.fragment(run_every=NEWS)
def _list() -> None:
    """The table and what can be done with the chosen run, as the folder is now."""
    entries = [_entry(path, *_version(path)) for path in hub().recordings()]
    good = sorted((e for e in entries if not e.problem), key=lambda e: -e.created)
    names = dict(zip((e.path for e in good), apart(good)))
    left, right = st.columns([0.62, 0.38])
    searched = left.text_input(
        "Search",
        placeholder="Search names, notes and settings, such as: hinge ring",
        label_visibility="collapsed",
        key="runs/search",
    )
    with right:
        swept = _swept(good)
    unplayed = [e for e in good if not (e.iterations or e.name or e.note or e.standing == writer.LIVE)]
    every = bool(unplayed) and st.checkbox(f"Also {len(unplayed):,} that were never played", key="runs/unplayed")
    found = [
        e for e in good if _matches(e, names[e.path], searched) and (every or e not in unplayed) and e.sweep in swept
    ]
    if found:
        rows = st.dataframe(
            _table(found, names),
            column_config=COLUMNS,
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row",
            key="runs/table",
        ).selection.rows
        chosen = [found[row] for row in rows if row < len(found)]
        if len(chosen) == 1:
            _chosen(chosen[0])
        elif chosen:
            _together(chosen)
    else:
        st.info(
            "No single run matches this search: choose a sweep above to see its runs."
            if good and "" in swept and any(e.sweep for e in good)
            else "Nothing recorded matches this search."
            if searched
            else "No recordings yet: press Play on any page.",
            icon=":material/search:",
        )
    _room(entries)


def _swept(entries: list[Entry]) -> set[str]:
    """Which sweeps' members are listed; `""` stands for runs of no sweep. A sweep of sixteen would bury everything else."""
    known = Counter(e.sweep for e in entries if e.sweep)
    if not known:
        return {""}
    single = "Single runs"
    chosen = st.selectbox(
        "Runs of",
        [single, *known],
        format_func=lambda s: s if s == single else f"Sweep of {s} ({known[s]} runs)",
        label_visibility="collapsed",
        key="runs/sweep",
    )
    return {"" if chosen == single else chosen}


def _version(path: Path) -> tuple[int, int]:
    try:
        return path.stat().st_mtime_ns, library.size(path)
    except OSError:  # deleted just now
        return 0, 0


@st.cache_data(max_entries=2000, show_spinner=False)
def _entry(path: Path, changed: int, taken: int) -> Entry:
    return Entry.of(path)


def _matches(entry: Entry, name: str, searched: str) -> bool:
    said = " ".join(
        [
            name,
            entry.note,
            entry.verdict,
            entry.path.stem,
            *(f"{a}={v}" for a, v in (entry.config or {}).items()),
        ]
    ).lower()
    return all(word in said for word in searched.lower().split())


def _table(entries: list[Entry], names: dict[Path, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": names[e.path],
            "standing": STANDINGS[e.standing],
            "verdict": f"▲ {e.verdict}" if e.sick else e.verdict,
            "iterations": e.iterations,
            "D loss": list((e.losses or {}).get("d_loss", ())),
            "G loss": list((e.losses or {}).get("g_loss", ())),
            "recorded": datetime.datetime.fromtimestamp(e.created),
            "MB": e.bytes / MB,
            "mine": may_change(e),
            "note": e.note,
        }
        for e in entries
    )


def may_change(entry: Entry) -> bool:
    """A visitor may change what their own browser made; everything, where the server's owner says so."""
    return os.environ.get("GANSCOPE_LIBRARY") == "open" or bool(entry.owner and entry.owner == owner())


def _chosen(entry: Entry) -> None:
    with st.container(border=True):
        st.markdown(
            f"**{escaped(called(entry))}** · {entry.iterations:,} iterations"
            + f" · fork of {entry.parent}" * bool(entry.parent)
        )
        config, foreign = known(entry.path), bool(entry.watched)
        open_it, fork_it, delete_it, _ = st.columns([1, 1, 1, 3])
        if config is None:
            st.caption(
                "A training loop of its own, recorded by `watch`: to be looked at and followed, not to be played on."
                if foreign
                else "Recorded by another program: its settings are not ones that a page here can show."
            )
        open_it.link_button(
            "Open",
            f"./?watch={quote(entry.path.stem)}",
            icon=":material/history:",
            width="stretch",
            disabled=config is None and not foreign,
        )
        if fork_it.button(
            "Play on",
            icon=":material/call_split:",
            width="stretch",
            disabled=config is None,
            help="A new run from its end",
        ):
            take(config.data.page, hub().fork(hub().find(entry.path.stem), entry.iterations, owner()))
            st.rerun()
        if config is not None:
            share.mount(
                entry.path.stem, panels_of(PAGES[config.data.page], config), key=f"runs/{entry.path.stem}/share"
            )
        if not may_change(entry):
            st.caption(
                "Made with another browser: only there, or with GANSCOPE_LIBRARY=open on the server, can it be named or deleted."
            )
            return
        delete_it.button("Delete", icon=":material/delete:", width="stretch", on_click=_delete, args=(entry,))
        key = f"runs/{entry.path.stem}"
        name = st.text_input("Name", entry.name, max_chars=80, key=f"{key}/name")
        note = st.text_area("Note", entry.note, max_chars=library.TEXT, height=80, key=f"{key}/note")
        if (name, note) != (entry.name, entry.note):
            _guarded(lambda: (library.annotate(entry.path, "name", name), library.annotate(entry.path, "note", note)))
            st.rerun()


def _together(chosen: list[Entry]) -> None:
    """Several rows: shown side by side."""
    names = [e.path.stem for e in chosen if known(e.path)]
    if st.button(
        f"Compare these {len(chosen)}",
        icon=":material/compare:",
        type="primary",
        disabled=not 2 <= len(names) <= MOST or len(names) < len(chosen),
        help=f"Side by side, tied to one clock: two to {MOST} that were made by this program",
    ):
        show_together(*names)
        st.rerun()


def _delete(entry: Entry) -> None:
    _guarded(lambda: st.session_state.update({"runs/gone": (library.delete(entry.path), called(entry))}))


def _undo() -> None:
    if gone := st.session_state.get("runs/gone"):
        said, button = st.columns([5, 1])
        said.info(f"Deleted {gone[1]}.", icon=":material/delete:")
        if button.button("Undo", icon=":material/undo:", width="stretch"):
            _guarded(lambda: library.restore(gone[0]))
            del st.session_state["runs/gone"]
            st.rerun()


def _room(entries: list[Entry]) -> None:
    taken = sum(entry.bytes for entry in entries)
    st.progress(
        min(1.0, taken / library.BUDGET),
        f"{taken / MB:,.0f} of {library.BUDGET / MB:,.0f} MB on disk in {len(entries)} recordings. "
        "When it is full, the oldest go first, at the next start of the server.",
    )
    for entry in (e for e in entries if e.problem):
        st.caption(f":material/warning: {entry.problem}")


def _bring_in() -> None:
    data = st.file_uploader(
        "Bring in a recording (.sqlite): it is read from end to end first", type="sqlite", key="runs/file"
    )
    if data and st.session_state.get("runs/taken in") != data.file_id:
        st.session_state["runs/taken in"] = data.file_id
        try:
            library.take_in(hub().folder, data.getvalue(), {"owner": owner(), "name": Path(data.name).stem[:80]})
            st.rerun()
        except RecordingError as error:
            st.error(str(error), icon=":material/block:")


def _guarded(act) -> None:
    try:
        act()
    except RecordingError as error:
        st.toast(str(error), icon=":material/error:")
