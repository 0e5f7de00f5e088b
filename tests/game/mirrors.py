"""Mirrors for tests: real HTTP servers on this machine that behave well or badly, and count what they send."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror(BaseHTTPRequestHandler):
    """Serves `server.files` (name -> bytes), with the manners set on the server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.ranges.append(self.headers.get("Range"))
        content = server.files.get(self.path.lstrip("/"))
        if content is None:
            return self.send_error(404)
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and server.continues else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self._send(content[start:])

    def _send(self, body: bytes):
        for at in range(0, len(body), 1 << 14):
            if self.server.breaks_after is not None and at >= self.server.breaks_after:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            time.sleep(self.server.pause)
            piece = body[at : at + (1 << 14)]
            self.server.sent += len(piece)  # Counted first: whoever has read the last byte may look at once.
            self.wfile.write(piece)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def mirror(files: dict[str, bytes], continues=True, breaks_after=None, pause=0.0):
    """A running server; its `.address` ends in /, `.sent` counts body bytes, `.ranges` lists each request's Range.

    `continues`: understands Range. `breaks_after`: cuts the line after so many bytes. `pause`: s before each 16 KiB.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.daemon_threads = True
    server.files, server.continues, server.breaks_after, server.pause = files, continues, breaks_after, pause
    server.sent, server.ranges = 0, []
    server.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def down() -> str:
    """The address of a mirror that nobody runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


@contextlib.contextmanager
def silent():
    """The address of a mirror that takes the call and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
