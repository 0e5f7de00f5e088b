"""The script that Streamlit runs for every visitor: the pages, and the way to a run that is only watched."""

from pathlib import Path

import streamlit as st

from dashboard.state import hub
from dashboard.theme import PAGE
from dashboard.views import compare, dynamics, follow, images, line, plane, runs, sweep, watch

# An icon of our own: those with a name are fetched from the internet, and a class room may have none.
st.set_page_config(
    "GANscope", page_icon=str(Path(__file__).parent / "icon.svg"), layout="wide", initial_sidebar_state="expanded"
)
st.html(PAGE)

if run_id := st.query_params.get("watch"):
    watch.show(run_id)
else:
    followed = hub().follow is not None
    first = follow if followed else line
    pages = [
        # A default page answers at the root only, so it stands here twice: /line, or /follow, is its address.
        st.Page(first.show, title="GANscope", url_path="start", default=True, visibility="hidden"),
        *[st.Page(follow.show, title="Follow", icon=":material/visibility:", url_path="follow")] * followed,
        st.Page(line.show, title="Line", icon=":material/show_chart:", url_path="line"),
        st.Page(plane.show, title="Plane", icon=":material/scatter_plot:", url_path="plane"),
        st.Page(images.show, title="Images", icon=":material/grid_view:", url_path="images"),
        st.Page(dynamics.show, title="Dynamics", icon=":material/cyclone:", url_path="dynamics"),
        st.Page(compare.show, title="Compare", icon=":material/compare:", url_path="compare"),
        st.Page(sweep.show, title="Seeds", icon=":material/grain:", url_path="sweep"),
        st.Page(runs.show, title="Runs", icon=":material/video_library:", url_path="runs"),
    ]
    here = st.navigation(pages, position="top")
    wanted = st.session_state.pop("next page", here.url_path)  # after a fork of a run that was only watched
    there = next((page for page in pages if page.url_path == wanted), here)
    query = st.session_state.pop("next query", None)
    if there.url_path != here.url_path and {there.url_path, here.url_path} != {"line", ""}:
        st.switch_page(there, query_params=query)
    elif query:
        st.query_params.from_dict(query)
    here.run()
