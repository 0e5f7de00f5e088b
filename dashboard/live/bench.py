"""Puts the bench of toy games on a page: the same panels as a live run's, played from walks that are computed already."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.live.assets import STYLE, VERSION
from dashboard.panels.panel import Panel
from gancore.observe.frame import Frame

# Inline script is a blob module, which has no address of its own to import from: hence the page's.
SCRIPT = f"""
const lab = import(new URL("live/web/{VERSION}/lab.js", document.baseURI).href);
export default async (component) => (await lab).play(component);
"""

bench = st.components.v2.component("ganscope_bench", css=STYLE, js=SCRIPT, isolate_styles=False)


def mount(
    panels: Sequence[Panel], walks: Frame, cut: Sequence[str], moved: Callable[[tuple[float, float]], None]
) -> None:
    """Show `panels`, filled from `walks`, of whose arrays those named in `cut` have a value for every iteration.

    `moved((x, y))` is called before the next rerun where the reader has clicked on a new start.
    """
    data = dict(
        panels=[panel.spec for panel in panels],
        walks=base64.b64encode(walks.encode()).decode(),
        iterations=walks.iteration,
        cut=list(cut),
    )

    def started():
        if at := st.session_state["bench"].start:
            moved((float(at[0]), float(at[1])))

    bench(key="bench", data=data, on_start_change=started)
