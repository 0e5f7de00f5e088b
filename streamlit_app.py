"""GANscope: `streamlit run streamlit_app.py` serves the page, and beside it the live path, on one port."""

from pathlib import Path

import streamlit as st

from dashboard.server import preload, routes
from dashboard.state import hub

# Workers start with the server, so that they are warm when the first visitor comes.
app = st.App(str(Path(__file__).parent / "dashboard" / "main.py"), routes=routes(hub()), middleware=[preload()])
