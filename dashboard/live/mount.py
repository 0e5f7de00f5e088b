"""Puts the player on a page: one component, declared once, that keeps its connection over reruns."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.live.assets import STYLE, VERSION
from dashboard.panels.panel import Panel
from gancore.observe.frame import Frame

# Inline script is a blob module, which has no address of its own to import from: hence the page's.
SCRIPT = f"""
const player = import(new URL("live/web/{VERSION}/player.js", document.baseURI).href).catch(() => null);
let told = false;
export default async (component) => {{
  const found = await player;
  if (found) return found.play(component);
  component.parentElement.textContent = "The player could not be loaded, so this page draws once a second instead.";
  if (!told) component.setStateValue("offline", (told = true));
}};
"""

player = st.components.v2.component("ganscope_player", css=STYLE, js=SCRIPT, isolate_styles=False)


def mount(
    panels: Sequence[Panel],
    run_id: str,
    key: str | None,
    controls: bool,
    first: Frame | None = None,
    key_: str = "live",
    on_fork: Callable[[int], None] = lambda iteration: None,
    on_beside: Callable[[int], None] = lambda iteration: None,
    on_cure: Callable[[str, int], None] = lambda verdict, iteration: None,
    on_rejoin: Callable[[], None] = lambda: None,
    parent: str = "",
    forks: bool = True,
) -> bool:
    """Show `panels`, filled by the run. False once the browser has found that no live connection can be opened.

    `key` is the run's secret and reaches the browser only with `controls`. `first` is drawn with the page itself.
    `on_fork(iteration)` is called when somebody wants to play on from there in a run of their own, if it `forks` at all,
    `on_beside(iteration)` when that is to be shown beside this one, or this one (-1) beside `parent`, the run that it is
    a fork of, `on_cure(verdict, iteration)` when a fork shall try what is said to cure it, and `on_rejoin()` when the run
    of the same settings that was played before is wanted in the place of this one.
    """
    data = dict(
        run=run_id,
        key=key if controls else None,
        controls=controls,
        parent=parent,
        forks=forks,
        panels=[panel.spec for panel in panels],
        first=base64.b64encode(first.encode()).decode() if first else None,
    )
    # Setting a state reruns the page. `epoch` does so after a restart, so that the page shows what the run began with.
    # `edited` does so after an edit on a panel, so that the widgets follow, `fork` to open the run that begins there.
    states = ("offline", "epoch", "edited", "fork", "beside", "cure", "rejoin")
    reruns = {f"on_{state}_change": lambda: None for state in states}
    state = player(key=key_, data=data, default={"offline": False}, **reruns)
    if type(state.fork) is int and state.fork >= 0:
        on_fork(state.fork)
    if type(state.beside) is int:
        on_beside(state.beside)
    match state.cure:
        case {"verdict": str(verdict), "iteration": iteration} if type(iteration) is int and iteration >= 0:
            on_cure(verdict, iteration)
    if state.rejoin is True:
        on_rejoin()
    return not state.offline
