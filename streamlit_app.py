"""GANscope: `streamlit run streamlit_app.py` serves the page, and beside it the live path, on one port."""

import threading
from pathlib import Path

import streamlit as st

from dashboard.server import preload, routes
from dashboard.state import hub
from dashboard.views import line, stage

# Workers and figures are made ready with the server, not when the first visitor comes.
app = st.App(str(Path(__file__).parent / "dashboard" / "main.py"), routes=routes(hub()), middleware=[preload()])
threading.Thread(target=stage.warm_up, args=("line", line.PANELS), daemon=True).start()
