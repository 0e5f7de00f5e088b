"""Puts several runs on one page, side by side: the player's panels once for each, and one clock for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboard.live.assets import STYLE, VERSION
from dashboard.panels.panel import Panel

SCRIPT = f"""
const together = import(new URL("live/web/{VERSION}/compare.js", document.baseURI).href).catch(() => null);
export default async (component) => {{
  const found = await together;
  if (found) return found.compare(component);
  component.parentElement.textContent = "The player could not be loaded, and without it runs cannot be shown side by side.";
}};
"""

player = st.components.v2.component("ganscope_together", css=STYLE, js=SCRIPT, isolate_styles=False)


def mount(
    runs: Sequence[dict[str, Any]],
    overlays: Sequence[Panel],
    clock: str,
    on_clock: Callable[[str], None],
    on_open: Callable[[str], None],
    on_cure: Callable[[str, str, int], None],
) -> None:
    """Show these runs (id, key, letter, name, panels, ... each), their time charts in common, tied by `clock`.

    `on_clock(name)` is called when the reader chooses another clock, `on_open(run)` to see one of them on its own page,
    `on_cure(run, verdict, iteration)` when a fork of it shall try what is said to cure it.
    """
    data = dict(runs=list(runs), overlays=[panel.spec for panel in overlays], clock=clock)
    # `changed` reruns the page after a knob was turned, so that it tells anew in what the runs differ.
    reruns = {f"on_{name}_change": lambda: None for name in ("clock", "changed", "open", "cure")}
    state = player(key="together", data=data, default={"clock": clock}, **reruns)
    if state.clock != clock and isinstance(state.clock, str):
        on_clock(state.clock)
    if isinstance(state.open, str):
        on_open(state.open)
    match state.cure:
        case {"run": str(run), "verdict": str(verdict), "iteration": iteration} if type(iteration) is int:
            on_cure(run, verdict, iteration)
