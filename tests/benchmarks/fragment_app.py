"""The line page as plain Streamlit would draw it: the same run and panels, `st.plotly_chart` in a fragment. Only compared with."""

import streamlit as st

from dashboard.panels.panel import apply
from dashboard.state import hub
from dashboard.views.line import PANELS
from gancore import presets
from gancore.observe.frame import Frame
from gancore.run.pace import Pace

config = presets.load("line").config
st.set_page_config(layout="wide")
if "run" not in st.session_state:
    st.session_state.run = hub().open(config, Pace(fps=30, keep=True))
    st.session_state.token = st.session_state.run.subscribe(lambda: None)
    st.session_state.panels = [make(config) for make in PANELS]
    st.session_state.run.play()
run, panels = st.session_state.run, st.session_state.panels
run.look(st.session_state.token, {probe for panel in panels for probe in panel.probes})


@st.fragment(run_every=0.15)
def draw():
    data = run.newest()[1]
    frame = Frame.decode(data) if data else None
    columns = st.columns(2)
    for at, panel in enumerate(panels):
        figure = apply(panel, frame)
        figure.update_layout(meta=frame.iteration if frame else 0)
        columns[at % 2].plotly_chart(figure, key=panel.name)


draw()
