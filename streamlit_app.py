"""GANscope: `streamlit run streamlit_app.py` serves the page, and beside it the live path, on one port."""

import sys
from pathlib import Path

import streamlit as st

from gancore.run import pool

pool.begin()  # before what is heavy is loaded here

from dashboard.server import preload, routes
from dashboard.state import following, hub
from dashboard.views import line, plane, stage

followed = following(sys.argv[1:])  # what stands after the -- of the command line
hub().follow = followed
app = st.App(str(Path(__file__).parent / "dashboard" / "main.py"), routes=routes(hub()), middleware=[preload()])

# The browser that Streamlit opens next finds everything warm: these seconds pass anyway, and here nobody looks at a blank page.
stage.warm_up("line", line.PANELS)
stage.warm_up("plane", plane.PANELS)
hub().warm(timeout=15)
