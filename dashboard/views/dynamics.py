"""Why does it spin? Games of two numbers whose theory is known, and then the visitor's own run under the same questions."""

import streamlit as st

from dashboard import toys
from dashboard.panels.eigenvalues import eigenvalues
from dashboard.panels.gradients import gradients
from dashboard.panels.losses import losses
from dashboard.panels.path import path
from dashboard.panels.phase import phase
from dashboard.panels.scores import scores
from dashboard.views.stage import play
from gancore.observe.landscape.toys import TOYS

PANELS = (phase, eigenvalues, path, losses, scores, gradients)
RUN = "run"
GAMES = {name: toy.title for name, toy in TOYS.items()} | {RUN: "Your run"}
RUNS = {"line": "My run on Line", "plane": "My run on Plane", "dynamics": "A Dirac-GAN"}


def show():
    query, memory = st.query_params.to_dict(), st.session_state
    if "lab" not in memory:
        mine = query.get("game") == RUN
        memory["lab"], problems = toys.read_link({} if mine else query)
        memory["dynamics/game"] = RUN if mine else memory["lab"].game
        memory["dynamics/of"] = query.get("of") if query.get("of") in RUNS else "line"
        for problem in problems:
            st.error(problem, icon=":material/link_off:")
    left, right = st.columns([0.62, 0.38], vertical_alignment="center")
    with left:
        game = _one_of("dynamics/game", GAMES, "Game")
    if game != RUN:
        toys.show(memory["lab"].with_("game", game))
        return
    with right:
        of = _one_of("dynamics/of", RUNS, "Which run")
    if query.get("game") != RUN or query.get("of", of) != of:  # What stands there is about something else.
        st.query_params.clear()
    st.query_params.update({"game": RUN, "of": of})
    play(of, PANELS)


def _one_of(key: str, options: dict[str, str], label: str) -> str:
    """A row of buttons of which one is always pressed: a second click on it would let go of it."""
    st.session_state[f"{key}/pressed"] = st.session_state[key]

    def press():
        st.session_state[key] = st.session_state[f"{key}/pressed"] or st.session_state[key]

    st.segmented_control(
        label,
        list(options),
        format_func=options.get,
        key=f"{key}/pressed",
        label_visibility="collapsed",
        on_change=press,
    )
    return st.session_state[key]
