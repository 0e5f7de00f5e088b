"""The files that the player in the browser is made of, and the version they go by."""

from __future__ import annotations

import hashlib
from pathlib import Path

import plotly

WEB = Path(__file__).parent / "web"
FILES = {path.name: path for path in sorted(WEB.glob("*.js"))}
VERSION = hashlib.sha256(
    b"".join([plotly.__version__.encode(), *(p.read_bytes() for p in FILES.values())])
).hexdigest()[:12]
MODULES = tuple(FILES)
PLOTLY = "plotly.min.js"  # from the installed package: everything works offline
FILES[PLOTLY] = Path(plotly.__file__).parent / "package_data" / PLOTLY
STYLE = (WEB / "style.css").read_text()
