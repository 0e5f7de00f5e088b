"""Points from a visitor's own CSV file: brought in through the browser, then data like any other."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from gancore.game.data.idx import BadFile
from gancore.game.intake import uploads


def upload(page: str, choose: Callable[[str], None]) -> None:
    """A place to drop a CSV file on; `choose(name of the set)` is called once for each file that can be used."""
    key = f"{page}/upload"

    def brought():
        file = st.session_state[key]
        st.session_state.pop(f"{key}/problem", None)
        if file is None:
            return
        try:
            name, count = uploads.keep(file.name, file.getvalue())
        except BadFile as problem:
            st.session_state[f"{key}/problem"] = str(problem)
        else:
            st.session_state[f"{key}/kept"] = (
                f"{count:,} points, kept on this server as **{name}**: the link of this page finds them."
            )
            choose(name)

    with st.expander(
        "Points of your own (CSV)", icon=":material/upload_file:", expanded=st.session_state.get(f"{key}/open", False)
    ):
        st.file_uploader(
            "CSV file", type=["csv", "tsv", "txt"], key=key, on_change=brought, label_visibility="collapsed",
            max_upload_size=uploads.FILE >> 20, help=f"A line x,y for each point, {uploads.POINTS:,} at most",
        )  # fmt: skip
        if problem := st.session_state.get(f"{key}/problem"):
            st.error(problem, icon=":material/error:")
        elif st.session_state.get(key) is not None:
            st.caption(st.session_state.get(f"{key}/kept", ""))
        else:
            st.caption("A line `x,y` for each point. It stays on this server, without your name.")
