"""Why does it spin? Games of two numbers whose theory is known, and then the visitor's own run under the same questions."""

import streamlit as st

from dashboard import toys
from gancore.observe.landscape.toys import TOYS

GAMES = {name: toy.title for name, toy in TOYS.items()}


def show():
    if "lab" not in st.session_state:
        st.session_state["lab"], problems = toys.read_link(st.query_params.to_dict())
        for problem in problems:
            st.error(problem, icon=":material/link_off:")
    lab = st.session_state["lab"]
    st.session_state["bench/game"] = lab.game
    st.segmented_control(
        "Game", list(GAMES), format_func=GAMES.get, key="bench/game", label_visibility="collapsed", on_change=_play
    )
    toys.show(lab)


def _play():
    if game := st.session_state["bench/game"]:
        st.session_state["lab"] = st.session_state["lab"].with_("game", game)
