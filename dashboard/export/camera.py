"""Photographs panels: the page's own player draws them, in a browser that is on this machine and that nobody sees.

The browser is asked over HTTP on this machine alone, at an address that nobody else knows. One thread at a time may
use a `Camera`; its server answers on threads of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any

from dashboard.live.assets import FILES, STYLE
from dashboard.panels.panel import Panel
from gancore.catalog import BadKnob
from gancore.observe.frame import Frame

WEB = Path(__file__).parent / "web"
OWN = {path.name: path for path in WEB.glob("*.js")}  # these stand for the player's modules of the same name
WIDE, WIDER = 680, 1080  # pixels of a panel of one column, and of two
PATIENCE = 90.0  # seconds for a picture, the browser's start included
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
FLAGS = (
    *("--headless=new", "--window-size=1400,1200", "--hide-scrollbars", "--no-first-run", "--disable-sync", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-quic", "--mute-audio"),
    *("--disable-renderer-backgrounding", "--disable-background-timer-throttling", "--no-default-browser-check"),
)  # fmt: skip


def browser() -> str:
    """The path of one that is installed. Raises `BadKnob` that says what would do."""
    if chosen := os.environ.get("GANSCOPE_BROWSER"):
        if found := shutil.which(chosen):
            return found
        raise BadKnob(
            f"GANSCOPE_BROWSER = {json.dumps(chosen)} is no program: give the path of Chromium, Chrome or Edge"
        )
    found = next(filter(None, map(shutil.which, (*BROWSERS, *PLACES))), None)
    if found is None:
        raise BadKnob(
            f"figures and films are drawn by a browser, and none was found ({', '.join(BROWSERS)}): install Chromium, Chrome or "
            "Edge, or name one in GANSCOPE_BROWSER. Without: --to FILE.html, whose panels have a button that saves SVG and PNG"
        )
    return found


class Camera:
    """Pictures of one panel, as SVG or PNG."""

    def __init__(self, address: Mapping[str, Any]):
        self._page = address
        self._frames: queue.Queue[bytes | None] = queue.Queue()
        self._shots: queue.Queue[bytes | Exception] = queue.Queue()
        self._process: subprocess.Popen | None = None

    def shoot(self, frame: Frame) -> bytes:
        """The panel with this frame. Raises `OSError` where the browser does not do it."""
        self._frames.put(frame.encode())
        for _ in range(int(PATIENCE * 2)):
            with contextlib.suppress(queue.Empty):
                shot = self._shots.get(timeout=0.5)
                if isinstance(shot, Exception):
                    raise shot
                return shot
            if self._process.poll() is not None:
                raise OSError(
                    f"{self._process.args[0]} ended by itself (exit code {self._process.returncode}) instead of drawing"
                )
        raise OSError(f"{self._process.args[0]} did not draw the picture within {PATIENCE:g} s")

    def answer(self, name: str) -> tuple[bytes, str] | None:
        """What the browser asks for; nothing once there are no frames any more."""
        if name == "frame":
            data = self._frames.get()
            return data and (data, "application/octet-stream")
        if name in self._page:
            return self._page[name]
        path = OWN.get(name) or FILES[name]
        return path.read_bytes(), "text/javascript"

    def hear(self, name: str, said: bytes) -> None:
        if name == "shot":
            self._shots.put(said)
        elif name == "wrong":
            self._shots.put(OSError(f"the panel could not be drawn: {said.decode(errors='replace')[:300]}"))

    @contextlib.contextmanager
    def ready(self, url: str) -> Iterator[Camera]:
        with tempfile.TemporaryDirectory(prefix="ganscope-camera-", ignore_cleanup_errors=True) as home:
            flags = [*FLAGS, f"--user-data-dir={home}"] + ["--no-sandbox"] * (getattr(os, "geteuid", int)() == 0)
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen([browser(), *flags, url], stdin=quiet, stdout=quiet, stderr=quiet)
            try:
                yield self
            finally:
                self._frames.put(None)
                self._process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(5)
                self._process.kill()
                self._process.wait()


@contextlib.contextmanager
def camera(
    panel: Panel, events: Sequence[Mapping], theme: str, format_: str, scale: float = 2, caption: bool = False
) -> Iterator[Camera]:
    """Raises `BadKnob` where there is no browser."""
    spec = panel.spec | {"tools": []}
    style = STYLE + (WEB / "replay.css").read_text(encoding="utf-8")
    width = WIDE if panel.span == 1 else WIDER
    page = Template((WEB / "camera.html").read_text(encoding="utf-8")).substitute(theme=theme, style=style, width=width)
    job = dict(spec=spec, events=list(events), format=format_, scale=scale, caption=caption)
    made = Camera(
        {"": (page.encode(), "text/html; charset=utf-8"), "job": (json.dumps(job).encode(), "application/json")}
    )
    secret = secrets.token_urlsafe(16)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made, f"/{secret}/"))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, name="camera").start()
    try:
        with made.ready(f"http://127.0.0.1:{server.server_port}/{secret}/") as ready:
            yield ready
    finally:
        server.shutdown()
        server.server_close()


def handler(made: Camera, root: str) -> type[BaseHTTPRequestHandler]:
    """Answers below `root` alone."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.removeprefix(root)
            try:
                found = made.answer(name) if self.path.startswith(root) else (b"", "text/plain")
            except KeyError:
                return self.send_error(404)
            body, kind = found or (b"", "text/plain")
            self.send_response(200 if found else 204)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)

        def do_POST(self):
            said = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith(root):
                made.hear(self.path.removeprefix(root), said)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing: the command line is somebody's terminal."""

    return Handler
