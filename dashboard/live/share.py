"""The Share menu: what the server answers to it, and how a page without a player shows it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.export.jobs import Jobs
from dashboard.live.assets import STYLE, VERSION
from dashboard.live.reader import MESSAGE_LIMIT, same_origin
from dashboard.panels.panel import Panel
from gancore.catalog import BadKnob
from gancore.record.export import export
from gancore.record.recording import RecordingError

# Inline script is a blob module, which has no address of its own to import from: hence the page's.
SCRIPT = f"""
const share = import(new URL("live/web/{VERSION}/share.js", document.baseURI).href);
export default async (component) => (await share).play(component);
"""

menu = st.components.v2.component("ganscope_share", css=STYLE, js=SCRIPT, isolate_styles=False)


def mount(run_id: str, panels: Sequence[Panel], key: str) -> None:
    """Shows the menu for a recording whose page shows these panels."""
    menu(key=key, data=dict(run=run_id, charts=[[panel.name, panel.title] for panel in panels if panel.bind]))


def routes(hub: Any) -> list[BaseRoute]:
    """Who can see a run can export it: its id opens its page as well. A job is known only to who asked for it."""
    made: list[Jobs] = []

    def jobs() -> Jobs:
        made or made.append(Jobs())  # on the event loop, which is not there yet when the server is put together
        return made[0]

    async def begin(request: Request) -> Response:
        recording = recorded(hub, request)
        if recording is None or not same_origin(request):
            return PlainTextResponse("This run is not here, or holds nothing yet: play it first.", 404)
        try:
            said = json.loads((await request.body())[:MESSAGE_LIMIT])
            wish = [said.get(name, "") for name in ("to", "panel", "theme")] if isinstance(said, dict) else [None]
            if not all(isinstance(value, str) for value in wish):
                raise BadKnob("an export is asked for by to, panel and theme, each a text")
            return JSONResponse({"job": jobs().start(recording, wish[0], wish[1], wish[2] or "light")})
        except (BadKnob, ValueError) as error:
            return PlainTextResponse(str(error), 400)

    async def progress(request: Request) -> Response:
        job = jobs().jobs.get(request.path_params["job"])
        if job is None:
            return PlainTextResponse("This export is no longer here.", 404)
        if request.method == "DELETE":
            await jobs().stop(job)
        return JSONResponse(job.status(), headers={"Cache-Control": "no-store"})

    async def file(request: Request) -> Response:
        job = jobs().jobs.get(request.path_params["job"])
        if job is None or job.state != "ready":
            return PlainTextResponse("This file is not ready, or no longer here.", 404)
        return FileResponse(job.path, filename=job.name, media_type="application/octet-stream")

    async def code(request: Request) -> Response:
        recording = recorded(hub, request)
        if recording is None:
            return PlainTextResponse("This run is not here, or holds nothing yet: play it first.", 404)
        try:
            return PlainTextResponse(await asyncio.to_thread(script, recording), headers={"Cache-Control": "no-store"})
        except (BadKnob, RecordingError) as error:
            return PlainTextResponse(str(error), 409)

    return [
        Route("/share/{run_id}", begin, methods=["POST"]),
        Route("/share/{run_id}/code", code),
        Route("/exports/{job}", progress, methods=["GET", "DELETE"]),
        Route("/exports/{job}/file", file),
    ]


def recorded(hub: Any, request: Request) -> Path | None:
    """The recording of the run in the address, if there is one to read by now."""
    run = hub.find(request.path_params["run_id"])
    path = getattr(run, "path", None)
    return path if path and Path(path).exists() else None


def script(recording: Path) -> str:
    """The run as a PyTorch script. Raises `BadKnob` for a game that the script has no words for."""
    with tempfile.TemporaryDirectory(prefix="ganscope-code-") as room:
        return export(str(recording), str(Path(room) / "script.py")).read_text(encoding="utf-8")
