"""What all pages have in common: the visitor's run, its knobs, and its panels, live or redrawn once a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

import streamlit as st

from dashboard.controls import sidebar
from dashboard.live.mount import mount
from dashboard.panels.panel import Panel, apply
from dashboard.state import hub, kept, mine, owner, session, show_together, take, write_link
from gancore import presets
from gancore.config import Config
from gancore.observe.diagnoses import diagnoses
from gancore.observe.frame import Frame
from gancore.run.earlier import offer, offered
from gancore.run.recorded import Recorded
from gancore.run.session import Session

FIRST = 0.3  # Seconds a page waits for the run's first frame, to come with a picture.
# The first picture goes ahead by this many seconds: drawn in one go with forty widgets it would come a second later.
AHEAD = 0.1
PATIENCE = 1.0  # Seconds a page waits for data that may be there at once, before it shows a progress bar.


def play(page: str, makers: tuple[Callable[[Config], Panel | None], ...]) -> None:
    """A page on which the visitor plays a run of their own."""
    fresh = page not in st.session_state.get("runs", {})
    run, problems = session(page)
    for problem in problems:
        st.error(problem, icon=":material/link_off:")
    stage(run, makers, controls=True)
    if fresh:
        time.sleep(AHEAD)
    sidebar(run, page)
    write_link(run)
    if fresh:
        offer(hub(), run)


def stage(run: Session | Recorded, makers: tuple[Callable[[Config], Panel], ...], controls: bool) -> None:
    """The panels of a run, once its data is there."""
    if run.config.data.page != "line" and not ready(run):
        return
    config = run.running()
    panels = panels_of(makers, config)
    acts = dict(
        on_fork=lambda n: fork(run, n),
        on_beside=lambda n: beside(run, n),
        on_cure=lambda verdict, n: cure(run, verdict, n),
        on_rejoin=lambda: rejoin(run),
    )
    if not mount(panels, run.id, run.key, controls, first=_first(run, panels), parent=run.parent, **acts):
        fallback(run, panels, controls)


def fork(run: Session | Recorded, iteration: int) -> None:
    """A run of the visitor's own that starts where this one was then, on the page where it belongs."""
    take(run.config.data.page, hub().fork(run, iteration, owner()))
    st.rerun()


def beside(run: Session | Recorded, iteration: int) -> None:
    """A fork of this run shown beside it, tied to one clock; with -1 this run beside the one that it is a fork of."""
    if mine(run) and run.state == "playing":
        run.pause()  # or it would run away from the other, which waits for Play
    others = [run.parent, run.id] if iteration < 0 else [run.id, kept(hub().fork(run, iteration, owner())).id]
    show_together(*others)
    st.rerun()


def cure(run: Session | Recorded, verdict: str, iteration: int) -> None:
    """A fork that tries what is said to cure a verdict, playing beside the run that has it."""
    if verdict in diagnoses:
        child = kept(hub().cure(run, diagnoses.make(verdict).cure(run.running()), iteration, owner()))
        child.play()
        show_together(run.id, child.id)
        st.rerun()


def rejoin(run: Session) -> None:
    """The run that was offered, in the place of this one: itself where it is live, else a fork of its end."""
    if before := offered(hub(), run):
        take(run.config.data.page, before if before.key else hub().fork(before, before.iteration, owner()))
        st.rerun()
    offer(hub(), run)


def warm_up(page: str, makers: tuple[Callable[[Config], Panel], ...]) -> None:
    """Makes a page's first figures ahead of its first visitor, who would wait most of a second for them."""
    panels_of(makers, presets.load(page).config)


def panels_of(makers: tuple, config: Config) -> tuple[Panel, ...]:
    """What a page shows of a game."""
    return _made(
        makers, Config(data=config.data, noise=config.noise, loss=config.loss, seed=config.seed, ema=config.ema)
    )


@lru_cache(maxsize=64)
def _made(makers: tuple, config: Config) -> tuple[Panel, ...]:
    """Figures depend on data, prior, loss, seed and whether G has a running mean, alike for all; some data lack a panel."""
    return tuple(panel for make in makers if (panel := make(config)))


def ready(run: Session) -> bool:
    """True if the run's pictures are loaded; else shows how far loading has come, or why it failed."""
    patience = time.monotonic() + PATIENCE
    while run.loading and time.monotonic() < patience:
        time.sleep(0.02)
    if run.loading:
        _progress(run)
    elif run.state == "failed" and run.iteration == 0:
        st.error(run.status()[1]["detail"], icon=":material/cloud_off:")
        if run.config.data.name == "own-points":
            st.caption("Or drop a CSV file on **Points of your own**, in the sidebar.")
        if st.button("Try again", icon=":material/refresh:"):
            run.restart()
            st.rerun()
        return False
    return not run.loading


def _first(run: Session, panels: tuple[Panel, ...]) -> Frame | None:
    """The untrained run's frame, so that the page comes with its first picture; later ones come live."""
    if run.iteration or run.state == "playing":
        return None
    known = f"token/{run.id}" in st.session_state  # the player has it already: frames come to it without the page
    patience = time.monotonic() + FIRST * (not known)
    run.look(_token(run), _probes(panels), ttl=5.0)
    while run.newest()[1] is None and time.monotonic() < patience:
        time.sleep(0.01)
    data = run.newest()[1]
    return Frame.decode(data) if data else None


def _token(run: Session) -> int:
    """This page's own place among the run's readers, beside the player's."""
    if f"token/{run.id}" not in st.session_state:
        st.session_state[f"token/{run.id}"] = run.subscribe(lambda: None, ttl=5.0)
    return st.session_state[f"token/{run.id}"]


def _probes(panels: tuple[Panel, ...]) -> set[str]:
    return {probe for panel in panels for probe in panel.first_probes}


@st.fragment(run_every=0.4)
def _progress(run: Session) -> None:
    told = run.status()[1]
    if not told["loading"]:
        st.rerun()
    st.progress(told["progress"] or 0.0, told["detail"] or "Loading")
    st.caption("Choose other data in the sidebar to stop; what has arrived is kept and used next time.")


def fallback(run: Session | Recorded, panels: tuple[Panel, ...], controls: bool) -> None:
    """Without a WebSocket, as the player has said by now: buttons and charts of Streamlit's own, redrawn once a second."""
    token = _token(run)
    if controls:
        for column, (name, act) in zip(
            st.columns(4),
            [
                ("Play", run.play),
                ("Pause", run.pause),
                ("One iteration", lambda: run.step("both")),
                ("Restart", run.restart),
            ],
        ):
            column.button(name, on_click=act, width="stretch")

    @st.fragment(run_every=1.0)
    def redraw():
        run.look(token, _probes(panels), ttl=5.0)
        _, data = run.newest()
        frame = Frame.decode(data) if data else None
        told = run.status()[1]
        st.caption(f"{told['state']} · iteration {told['iteration']:,} {told['detail']}")
        left, right = st.columns(2)
        for at, panel in enumerate(panels):
            with (left, right)[at % 2]:
                st.markdown(f"**{panel.title}**  \n{panel.help}")
                st.plotly_chart(apply(panel, frame, told["events"]), key=f"{run.id}/{panel.name}")

    redraw()
