"""What is served beside Streamlit, on its own port: the player's files, a run's numbers, a WebSocket per reader."""

from __future__ import annotations

import asyncio
import gzip
import mimetypes
from functools import cache, partial
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from dashboard.live import share
from dashboard.live.assets import FILES, MODULES, PLOTLY, VERSION
from dashboard.live.reader import live
from dashboard.live.streamlit_chunks import chunks
from dashboard.state import COOKIE
from dashboard.thumbnails import picture
from gancore.catalog import BadKnob
from gancore.game.data import data

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


def routes(hub: Any) -> list[BaseRoute]:
    """What `st.App(routes=...)` serves beside Streamlit. The base path is ours to add: Streamlit leaves these alone."""
    base = (st.config.get_option("server.baseUrlPath") or "").strip("/")
    inner = [
        Route("/web/{version}/{name}", web),
        Route("/data/{name}.svg", thumbnail),
        Route("/health", health),
        Route("/scalars/{run_id}.csv", partial(scalars, hub)),
        WebSocketRoute("/ws/{run_id}", partial(live, hub)),
        *share.routes(hub),
    ]
    return [Mount(f"/{base}/live" if base else "/live", routes=inner)]


def preload() -> Middleware:
    """Tells the browser with the page itself to fetch the player and what it needs, while Streamlit is still starting."""
    return Middleware(Preload)


class Preload:
    """Adds a Link header to every HTML page."""

    modules = [*(f"live/web/{VERSION}/{name}" for name in MODULES), *chunks()]
    links = [
        f"<live/web/{VERSION}/{PLOTLY}>; rel=preload; as=script",
        *(f"<{at}>; rel=modulepreload" for at in modules),
    ]
    header = (b"link", ", ".join(links).encode())

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def linked(message):
            headers = list(message.get("headers", ()))
            if dict(headers).get(b"content-type", b"").startswith(b"text/html"):
                message = message | {"headers": [*headers, self.header, *visitor(scope)]}
            await send(message)

        await self.app(scope, receive, linked if scope["type"] == "http" else send)


def visitor(scope) -> list[tuple[bytes, bytes]]:
    """A cookie for a browser that has none: by it a visitor's own recordings are known again, and nothing else."""
    if COOKIE in HTTPConnection(scope).cookies:
        return []
    about = f"Path=/; Max-Age={400 * 86_400}; HttpOnly; SameSite=Lax"
    return [(b"set-cookie", f"{COOKIE}={token_urlsafe(24)}; {about}".encode())]


async def web(request: Request) -> Response:
    """A file of the player. The path holds the version, so that modules that import each other are of one version."""
    path = FILES.get(request.path_params["name"])
    if path is None:
        return Response("no such file", 404)
    body, headers = await asyncio.to_thread(content, path), FOREVER
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers = await asyncio.to_thread(packed, path), FOREVER | {"Content-Encoding": "gzip"}
    return Response(body, media_type=mimetypes.guess_type(path.name)[0], headers=headers)


@cache
def content(path: Path) -> bytes:
    """The file. Chromium compiles Plotly whole and beside the page if told so, which blocks the page 0.3 s less."""
    return (b"//# allFunctionsCalledOnLoad\n" if path.name == PLOTLY else b"") + path.read_bytes()


@cache
def packed(path: Path) -> bytes:
    """Compressed once per process; the server's own middleware would do it again for every visitor."""
    return gzip.compress(content(path), 6, mtime=0)


async def thumbnail(request: Request) -> Response:
    """The picture of a choice of data on the plane; of points that a visitor brought in, with their set's name."""
    try:
        choice = data.make(request.path_params["name"], **request.query_params)
        if choice.page != "plane":
            raise BadKnob("only the plane has thumbnails")
    except BadKnob as error:
        return Response(str(error), 404)
    body = await asyncio.to_thread(picture, choice)
    return Response(body, media_type="image/svg+xml", headers={"Cache-Control": "max-age=600"})


async def health(request: Request) -> Response:
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def scalars(hub: Any, request: Request) -> Response:
    """Every step's losses and gradients, streamed as they are read."""
    session = hub.find(request.path_params["run_id"])
    if session is None:
        return Response("This run is no longer here.", 404)
    name = f"{session.id}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(session.scalars_csv(), media_type="text/csv", headers=headers)
