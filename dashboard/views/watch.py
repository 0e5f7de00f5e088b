"""A run of somebody else's, followed by its watch link: everything to see, nothing to turn."""

import streamlit as st

from dashboard.state import hub
from dashboard.views import dynamics, foreign, images, line, plane
from dashboard.views.stage import stage

PAGES = {"line": line.PANELS, "plane": plane.PANELS, "images": images.PANELS, "dynamics": dynamics.PANELS}


def show(run_id: str):
    run = hub().find(run_id)
    if run is None:
        st.error(
            "There is no run with this watch link any more. Runs leave the server some time after the last watcher did: "
            "ask for a new link, or open your own run.",
            icon=":material/visibility_off:",
        )
        st.link_button("Open my own run", "./")
    elif getattr(run, "foreign", None):
        foreign.show(run)
    else:
        stage(run, PAGES[run.config.data.page], controls=False)
