"""A loop that is not ours, seen through its recording: everything to see, nothing to turn."""

from __future__ import annotations

from functools import lru_cache

import streamlit as st

from dashboard.live.mount import mount
from dashboard.panels.foreign import panels
from dashboard.panels.panel import Panel
from dashboard.views.stage import fallback
from gancore.run.foreign import Foreign
from gancore.run.recorded import Recorded


def show(run: Recorded) -> None:
    """Its panels, live while it is trained."""
    st.markdown(f"**{escaped(run.foreign.name)}** :gray[· {escaped(run.foreign.about)}]")
    if not run.foreign.real:
        st.caption("This recording holds no samples, so there are only its curves.")
        _wait(run)
    drawn = _made(run.foreign)
    if not mount(drawn, run.id, run.key, controls=False, forks=False):
        fallback(run, drawn, controls=False)


@st.fragment(run_every=1.0)
def _wait(run: Recorded) -> None:
    """The first samples may come a moment after the recording itself."""
    if run.foreign.real:
        st.rerun()


@lru_cache(maxsize=16)
def _made(of: Foreign) -> tuple[Panel, ...]:
    return panels(of)


def escaped(text: str) -> str:
    """Words of a file's as they are, not as Markdown."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|$:~<>" else c for c in text)
