"""GANscope: `streamlit run streamlit_app.py` serves the page, and beside it the live path, on one port."""

import sys
import threading
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

# The browser that Streamlit opens next finds its page warm: these seconds pass anyway, and here nobody looks at a blank page.
stage.warm_up("line", line.PANELS)
hub().warm(timeout=15)

# What comes first on no address but its own is made once the first page is most likely drawn.
later = threading.Timer(4.0, stage.warm_up, ("plane", plane.PANELS))
later.daemon = True
later.start()
