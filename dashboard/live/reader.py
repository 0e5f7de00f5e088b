"""One reader of one run: what it is sent over its WebSocket, and what it may ask for.

Everything here runs on the server's event loop. Only `Reader.wake` is called from other threads.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import anyio
import streamlit as st
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from dashboard.live.past import Past
from gancore.catalog import BadKnob

MESSAGE_LIMIT = 4096  # bytes
PROBES_LIMIT = 64
CHANGES_LIMIT = 8  # settings in one message
CONTROLS = {"play", "pause", "step", "slow", "restart", "change", "wait"}


class Malformed(Exception):
    """A message that no player sends; `code` is the WebSocket close code that answers it."""

    def __init__(self, code: int = 1008):
        self.code = code


async def live(hub: Any, socket: WebSocket) -> None:
    """One reader from handshake to goodbye."""
    session = hub.find(socket.path_params["run_id"])
    if session is None or not same_origin(socket):
        await socket.close(1008)  # before accept this is HTTP 403
        return
    given = socket.query_params.get("key", "")  # a recording has no key, and nobody to steer it
    controls = bool(session.key) and secrets.compare_digest(given.encode(), session.key.encode())
    await socket.accept()
    reader = Reader(socket, session, controls)
    try:
        await reader.serve()
    finally:
        session.unsubscribe(reader.token)
        if reader.passing:  # The hand that moved it is gone: where it was is where it stays.
            asyncio.get_running_loop().run_in_executor(None, session.edit, reader.passing, False)


class Reader:
    """Newest wins: nothing is queued. A frame is looked up when the reader has drawn the last one, and not before."""

    def __init__(self, socket: WebSocket, session: Any, controls: bool):
        self.socket, self.session, self.controls = socket, session, controls
        self.loop, self.news, self.drawn = asyncio.get_running_loop(), asyncio.Event(), True
        self.news.set()
        self.passing: list[str] = []  # The last change of a hand that has not let go yet.
        self.past, self.probes = Past(session), set()
        self.token = session.subscribe(self.wake)

    def wake(self) -> None:
        """From any thread: something newer is there. Cheap, and harmless once the loop has closed."""
        if not self.news.is_set() and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.news.set)

    async def serve(self) -> None:
        """Until the reader leaves or misbehaves."""
        async with anyio.create_task_group() as both:
            both.start_soon(self.tell)
            code = await self.listen()
            both.cancel_scope.cancel()
        await self.past.close()
        if code is not None:
            await self.socket.close(code)

    async def tell(self) -> None:
        told = shown = None
        with suppress(WebSocketDisconnect):  # `listen` hears of it as well
            while True:
                await self.news.wait()
                self.news.clear()
                version, status = self.session.status()
                if version != told:
                    told = version
                    await self.socket.send_text(json.dumps(status))
                if self.past.looking:
                    shown = None  # so that the newest frame comes again after it
                    await self.show_past()
                    continue
                version, frame = self.session.newest()
                if self.drawn and frame is not None and version != shown:
                    shown, self.drawn = version, False
                    await self.socket.send_bytes(frame)

    async def show_past(self) -> None:
        """The moment asked for last, once the one before it is drawn."""
        if not self.drawn or not self.past.asked:
            return
        found = await self.past.answer()
        if isinstance(found, bytes):
            self.drawn = False
            await self.socket.send_bytes(found)
        else:
            await self.socket.send_text(json.dumps({"type": "error", "message": found}))

    async def listen(self) -> int | None:
        """Returns the code to close with, or None when the reader has left."""
        try:
            while True:
                await self.obey(parsed(await self.socket.receive()))
        except Malformed as wrong:
            return wrong.code
        except WebSocketDisconnect:
            return None

    async def obey(self, said: dict) -> None:
        kind = said["type"]
        if kind == "drawn":
            self.drawn = True
            self.news.set()
        elif kind == "look":
            self.probes = probes(said)
            self.session.look(self.token, set() if self.past.looking else self.probes)
        elif kind == "scrub":
            self.past.ask(*moment(said))
            self.session.look(self.token, set())  # nothing is computed that nobody looks at
            self.news.set()
        elif kind == "live":
            self.past.leave()
            self.session.look(self.token, self.probes)
            self.news.set()
        elif kind in CONTROLS and not self.controls:
            await self.refuse("You are watching this run: only the person who started it can steer it.")
        elif kind == "step":
            self.session.step(one_of(said, "d", "g", "both"))
        elif kind == "slow":
            self.session.slow(one_of(said, "next", "back", "leave"))
        elif kind == "wait":
            self.session.wait(moment(said)[0])
        elif kind == "change":
            await self.change(changes(said), said.get("passing") is True)
        elif kind in CONTROLS:
            getattr(self.session, kind)()
        else:
            raise Malformed

    async def change(self, what: list[str], passing: bool) -> None:
        """Waits for the worker's word on a thread: the loop goes on for all the others."""
        try:
            await asyncio.to_thread(self.session.edit, what, passing)
            self.passing = what if passing else []
        except BadKnob as error:
            await self.refuse(str(error))

    async def refuse(self, message: str) -> None:
        await self.socket.send_text(json.dumps({"type": "error", "message": message}))


def parsed(message: dict) -> dict:
    """What the client said: one small JSON object with a type."""
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect
    text = message.get("text")
    if text is None:
        raise Malformed
    if len(text.encode()) > MESSAGE_LIMIT:
        raise Malformed(1009)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        raise Malformed
    return said


def probes(said: dict) -> set[str]:
    names = said.get("probes")
    if not isinstance(names, list) or len(names) > PROBES_LIMIT or not all(isinstance(name, str) for name in names):
        raise Malformed
    return set(names)


def moment(said: dict) -> tuple[int, int]:
    iteration, step = said.get("iteration"), said.get("step", 0)
    if type(iteration) is not int or not 0 <= iteration < 2**53 or type(step) is not int or step not in (-1, 0, 1):
        raise Malformed
    return iteration, step


def changes(said: dict) -> list[str]:
    what = said.get("what")
    if (
        not isinstance(what, list)
        or not 0 < len(what) <= CHANGES_LIMIT
        or not all(isinstance(one, str) for one in what)
    ):
        raise Malformed
    return what


def one_of(said: dict, *known: str) -> str:
    if said.get("which") not in known:
        raise Malformed
    return said["which"]


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a browser that connects shows our own page. Others' pages could otherwise read runs through a visitor.

    A page cannot forge `X-Forwarded-Host`, so trusting it lets proxies work. Programs send no Origin and are let in.
    """
    host, origin = connection.headers.get("host"), connection.headers.get("origin")
    if not is_host_allowed(host):
        return False
    if origin is None or not st.config.get_option("server.enableCORS"):
        return True
    forwarded = connection.headers.get("x-forwarded-host", "").split(",")[0].strip()
    allowed = {one.strip().rstrip("/") for one in st.config.get_option("server.corsAllowedOrigins")}
    return origin in allowed or urlsplit(origin).netloc.lower() in {str(host).lower(), forwarded.lower()} - {""}
