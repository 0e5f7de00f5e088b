"""What others record, as `streamlit run streamlit_app.py -- --follow DIR` asks: the newest run, live, and the ones beside it."""

from __future__ import annotations

import streamlit as st

from dashboard.names import called
from dashboard.state import hub
from dashboard.views import watch
from gancore.record.entry import Entry
from gancore.record.writer import LIVE, age

ASK = 1.0  # Seconds between two looks into the folder.
CHOSEN = "follow/run"


def show():
    """The run that was chosen, or the newest."""
    names = newest_first()
    if not names:
        st.info(
            f"Nothing is recorded in {hub().follow} yet. Start your loop with "
            f'`watch(..., folder="{hub().follow}")`: it appears here by itself.',
            icon=":material/hourglass_empty:",
        )
    elif len(names) > 1:
        st.selectbox("Run", names, key=CHOSEN, format_func=named, label_visibility="collapsed")
    look_for_news(names)
    if names:
        chosen = st.session_state.get(CHOSEN)
        watch.show(chosen if chosen in names else names[0])


def newest_first() -> list[str]:
    """The names of what is followed, the one that was written last first."""
    return [path.stem for path in sorted(hub().followed(), key=age)]


def named(stem: str) -> str:
    path = next((path for path in hub().followed() if path.stem == stem), None)
    if path is None:
        return stem
    entry = Entry.of(path)
    return called(entry) + (" · live" if entry.standing == LIVE else "")


@st.fragment(run_every=ASK)
def look_for_news(known: list[str]) -> None:
    """A recording that begins makes the page draw itself anew."""
    if set(newest_first()) != set(known):
        st.rerun()
