"""The live path's promises: newest wins, slow readers skip, strangers and nonsense stay outside."""

import gzip
import json
import re
import time

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.live.assets import MODULES, VERSION
from dashboard.live.streamlit_chunks import STATIC
from dashboard.server import preload, routes
from gancore.catalog import BadKnob
from gancore.game.data import data


class Run:
    """A session as the server sees it, without workers behind it."""

    def __init__(self):
        self.id, self.key, self.frames, self.statuses = "run", "secret", 0, 1
        self.wakes, self.looks, self.did = {}, {}, []

    def newest(self):
        return self.frames, b"frame %d" % self.frames if self.frames else None

    def status(self):
        return self.statuses, {"type": "status", "state": "paused", "version": self.statuses}

    def show(self, frames=0, statuses=0):
        self.frames, self.statuses = self.frames + frames, self.statuses + statuses
        for wake in list(self.wakes.values()):
            wake()

    def subscribe(self, wake):
        token = object()
        self.wakes[token] = wake
        return token

    def unsubscribe(self, token):
        del self.wakes[token]

    def look(self, token, probes):
        self.looks[token] = probes

    def play(self):
        self.did.append("play")

    def pause(self):
        self.did.append("pause")

    def restart(self):
        self.did.append("restart")

    def wait(self, iteration):
        self.did.append(f"wait {iteration}")

    def step(self, which):
        self.did.append("step " + which)

    def edit(self, what, passing):
        if "bogus=1" in what:
            raise BadKnob("bogus is unknown")
        self.did.append(f"{'passing' if passing else 'set'} {' '.join(what)}")

    def scalars_csv(self):
        yield "iteration,d_loss\n"
        yield "1,1.5\n"


class Hub:
    def __init__(self, run):
        self.run = run

    def find(self, run_id):
        return self.run if run_id == self.run.id else None


@pytest.fixture
def run():
    return Run()


@pytest.fixture
def client(run):
    page = Route("/", lambda request: HTMLResponse("<p>page</p>"))
    with TestClient(Starlette(routes=[page, *routes(Hub(run))], middleware=[preload()])) as client:
        yield client


def until(true):
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "waited 5 s in vain"
        time.sleep(0.005)


def test_a_reader_gets_the_status_and_then_only_the_newest_frame_it_has_time_for(client, run):
    with client.websocket_connect("/live/ws/run") as socket:
        assert socket.receive_json()["version"] == 1
        run.show(frames=1)
        assert socket.receive_bytes() == b"frame 1"
        for _ in range(50):
            run.show(frames=1)  # drawn none of them: none is sent, none is kept
        run.show(statuses=1)
        assert socket.receive_json()["version"] == 2
        socket.send_json({"type": "drawn"})
        assert socket.receive_bytes() == b"frame 51"


def test_a_reader_that_leaves_is_forgotten(client, run):
    with client.websocket_connect("/live/ws/run") as socket:
        socket.receive_json()
        assert len(run.wakes) == 1
    until(lambda: not run.wakes)


def test_what_a_reader_looks_at_reaches_the_session(client, run):
    with client.websocket_connect("/live/ws/run") as socket:
        socket.send_json({"type": "look", "probes": ["density", "losses"]})
        until(lambda: list(run.looks.values()) == [{"density", "losses"}])


def test_the_key_steers(client, run):
    with client.websocket_connect("/live/ws/run?key=secret") as socket:
        for said in (
            {"type": "play"},
            {"type": "step", "which": "d"},
            {"type": "pause"},
            {"type": "restart"},
            {"type": "wait", "iteration": 7},
        ):
            socket.send_json(said)
        until(lambda: run.did == ["play", "step d", "pause", "restart", "wait 7"])


def test_a_hand_that_is_gone_has_let_go_where_it_was(client, run):
    with client.websocket_connect("/live/ws/run?key=secret") as socket:
        for x in (1, 2):
            socket.send_json({"type": "change", "what": [f"data.modes=1:{x}:0:0.1"], "passing": True})
    until(lambda: len(run.did) == 3)
    assert run.did == [f"{how} data.modes=1:{x}:0:0.1" for how, x in (("passing", 1), ("passing", 2), ("set", 2))]


def test_a_change_that_cannot_be_made_is_told_to_its_reader_alone(client, run):
    with (
        client.websocket_connect("/live/ws/run?key=secret") as socket,
        client.websocket_connect("/live/ws/run") as other,
    ):
        socket.receive_json(), other.receive_json()
        socket.send_json({"type": "change", "what": ["bogus=1"]})
        assert socket.receive_json() == {"type": "error", "message": "bogus is unknown"}
        socket.send_json({"type": "change", "what": ["batch=8", "d_opt.lr=1"]})
        until(lambda: run.did == ["set batch=8 d_opt.lr=1"])
        other.send_json({"type": "change", "what": ["batch=8"]})
        assert "only the person who started it" in other.receive_json()["message"]
        assert len(run.did) == 1


@pytest.mark.parametrize("name", [name for name in data if data[name].page == "plane"])
def test_every_law_of_the_plane_has_its_thumbnail(client, name):
    answer = client.get(f"/live/data/{name}.svg")
    assert (
        answer.headers["content-type"] == "image/svg+xml"
        and answer.text.startswith("<svg")
        and len(answer.content) < 8000
    )


@pytest.mark.parametrize("path", ["normal.svg", "bogus.svg", "own-points.svg?set=../x", "ring.svg?bogus=1"])
def test_no_thumbnail_of_what_the_plane_does_not_have(client, path):
    assert client.get(f"/live/data/{path}").status_code == 404


@pytest.mark.parametrize("query", ["", "?key=wrong", "?key=secr%C3%A9t"])
def test_without_the_key_one_may_only_watch(client, run, query):
    with client.websocket_connect("/live/ws/run" + query) as socket:
        socket.receive_json()
        for said in ({"type": "play"}, {"type": "wait", "iteration": 5}):
            socket.send_json(said)
            assert socket.receive_json()["type"] == "error"
        assert run.did == []


@pytest.mark.parametrize(
    "text, code",
    [
        ("not json", 1008),
        ("[]", 1008),
        ("[" * 3000, 1008),
        ('{"type": 3}', 1008),
        ('{"type": "dance"}', 1008),
        ('{"type": "step", "which": "all"}', 1008),
        ('{"type": "wait"}', 1008),
        ('{"type": "wait", "iteration": -1}', 1008),
        ('{"type": "wait", "iteration": 1.5}', 1008),
        ('{"type": "look", "probes": "losses"}', 1008),
        ('{"type": "change", "what": "batch=8"}', 1008),
        ('{"type": "change", "what": []}', 1008),
        ('{"type": "change", "what": [1]}', 1008),
        (json.dumps({"type": "change", "what": ["batch=8"] * 9}), 1008),
        (json.dumps({"type": "look", "probes": ["p"] * 65}), 1008),
        (json.dumps({"type": "drawn", "more": "x" * 5000}), 1009),
    ],
)
def test_nonsense_closes_that_socket_and_harms_nobody_else(client, run, text, code):
    with client.websocket_connect("/live/ws/run") as calm, client.websocket_connect("/live/ws/run?key=secret") as wild:
        calm.receive_json(), wild.receive_json()
        wild.send_text(text)
        with pytest.raises(WebSocketDisconnect) as closed:
            wild.receive_text()
        assert closed.value.code == code
        run.show(frames=1)
        assert calm.receive_bytes() == b"frame 1"


def test_bytes_from_a_reader_close_its_socket(client):
    with client.websocket_connect("/live/ws/run") as socket:
        socket.receive_json()
        socket.send_bytes(b"x")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()


@pytest.mark.parametrize(
    "path, headers",
    [
        ("/live/ws/unknown", {}),
        ("/live/ws/run", {"origin": "https://elsewhere.example"}),
        ("/live/ws/run", {"origin": "null"}),
        ("/live/ws/run", {"origin": "http://testserver:81"}),
    ],
)
def test_strangers_are_refused_before_they_are_accepted(client, run, path, headers):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(path, headers=headers):
        pass
    assert not run.wakes


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://testserver"},
        {"origin": "https://gan.example", "x-forwarded-host": "gan.example"},
    ],
)
def test_our_own_page_is_let_in_also_through_a_proxy(client, headers):
    with client.websocket_connect("/live/ws/run", headers=headers) as socket:
        assert socket.receive_json()["type"] == "status"


def test_plotly_and_the_player_come_from_here_and_may_be_kept_for_good(client):
    script = client.get(f"/live/web/{VERSION}/plotly.min.js")
    assert script.status_code == 200 and "Plotly" in script.text and "immutable" in script.headers["cache-control"]
    assert script.headers["content-encoding"] == "gzip" and "javascript" in script.headers["content-type"]
    plain = client.get(f"/live/web/{VERSION}/player.js", headers={"accept-encoding": "identity"})
    packed = client.get(f"/live/web/{VERSION}/player.js")
    assert plain.text == packed.text and len(gzip.compress(plain.content)) < len(plain.content)
    assert client.get(f"/live/web/{VERSION}/../assets.py").status_code == 404
    assert client.get(f"/live/web/{VERSION}/style.txt").status_code == 404


def test_the_page_announces_the_player(client):
    link = client.get("/").headers["link"]
    assert all(f"live/web/{VERSION}/{name}" in link for name in (*MODULES, "plotly.min.js"))
    assert "link" not in client.get("/live/health").headers


def test_the_page_announces_what_streamlit_will_ask_for_late(client):
    link = client.get("/").headers["link"]
    late = re.findall(r"<(static/js/[^>]+)>; rel=modulepreload", link)
    assert any("/BidiComponent." in at for at in late) and any("/Slider." in at for at in late)
    at_once = (STATIC / "index.html").read_text()
    assert all((STATIC / at).is_file() and at not in at_once for at in late)


def test_scalars_are_a_file_to_download(client):
    answer = client.get("/live/scalars/run.csv")
    assert answer.text == "iteration,d_loss\n1,1.5\n" and 'filename="run.csv"' in answer.headers["content-disposition"]
    assert client.get("/live/scalars/unknown.csv").status_code == 404


def test_the_base_path_of_the_server_is_ours_too(run):
    st.config.set_option("server.baseUrlPath", "/gan/")
    try:
        with TestClient(Starlette(routes=routes(Hub(run)))) as client:
            assert client.get("/gan/live/health").json() == {"status": "ok"}
            assert client.get("/live/health").status_code == 404
    finally:
        st.config.set_option("server.baseUrlPath", "")
