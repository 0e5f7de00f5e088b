"""What to begin with on a page that has nothing to show yet: a question, a picture of its data, and one click to the answer."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.panels import small
from gancore.config import Config

STYLE = """<style>
.example { display: flex; gap: 14px; align-items: center; min-height: 108px; }
.example img { flex: none; width: 96px; height: auto; }
.example p { margin: 2px 0 0; font-size: 14px; line-height: 1.4; opacity: .8; }
</style>"""


@dataclass(frozen=True)
class Example:
    """`start` is called by its button, which says what that does, before the page is drawn anew."""

    title: str
    says: str
    config: Config
    button: str
    start: Callable[[], None]


def offer(examples: Sequence[Example], key: str) -> None:
    """The examples side by side, each drawn by the data of its config."""
    st.markdown("**Or begin with one of these**")
    for at, (column, one) in enumerate(zip(st.columns(len(examples)), examples)):
        with column, st.container(border=True, height="stretch"):
            words = f"<div><b>{html.escape(one.title)}</b><p>{html.escape(one.says)}</p></div>"
            st.html(f'{STYLE}<div class="example"><img alt="" src="{small.picture(one.config, None)}">{words}</div>')
            st.button(one.button, icon=":material/play_arrow:", key=f"{key}/example/{at}", on_click=one.start)
