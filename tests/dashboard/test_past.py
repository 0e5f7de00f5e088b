"""Truths about looking back over the wire: the moment asked for comes, then now again, and a recording cannot be steered."""

from functools import partial

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.live.reader import live
from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record.recording import Recording
from gancore.run.recorded import Recorded
from gancore.train.trainer import SCALARS


class Hub:
    """A hub with one recording in it."""

    def __init__(self, path):
        self.find = {path.stem: Recorded(path)}.get


@pytest.fixture
def connect(tmp_path):
    recording = Recording.create(tmp_path / "run-0.sqlite", Config().flat(), SCALARS)
    recording.scalars(1, np.arange(1200, dtype=np.float32).reshape(200, 6))
    for at in (0, 10, 100, 200):
        recording.frame(at, Frame(at, {"p_g": np.full(4, at, np.float32)}, {"probes": ["density"]}).encode())
    recording.close()
    app = Starlette(routes=[WebSocketRoute("/ws/{run_id}", partial(live, Hub(recording.path)))])
    with TestClient(app, base_url="http://localhost") as client:
        yield lambda query="": client.websocket_connect("/ws/run-0" + query)


def shown(socket):
    return Frame.decode(socket.receive_bytes())


def test_the_past_and_now_again(connect):
    with connect() as socket:
        assert socket.receive_json()["state"] == "finished"
        now = shown(socket)
        assert now.iteration == 200 and not now.info["replay"]
        for asked, step, expected in ((10, 0, 10), (99, 0, 10), (10, 1, 100), (10, -1, 0), (10**9, 0, 200)):
            socket.send_json({"type": "drawn"})
            socket.send_json({"type": "scrub", "iteration": asked, "step": step})
            frame = shown(socket)
            assert frame.iteration == expected and frame.info["replay"] and frame.info["probes"] == ["density"]
            assert frame.arrays["p_g"].tolist() == [expected] * 4 and len(frame.arrays["d_loss"]) == expected
        socket.send_json({"type": "drawn"})
        socket.send_json({"type": "live"})
        assert shown(socket).iteration == 200


def test_a_moment_is_not_sent_before_the_last_one_is_drawn_and_then_the_newest_wins(connect):
    with connect() as socket:
        socket.receive_json(), socket.receive_bytes()
        for at in (0, 10, 100):
            socket.send_json({"type": "scrub", "iteration": at})
        socket.send_json({"type": "drawn"})
        assert shown(socket).iteration == 100


@pytest.mark.parametrize(
    "wrong", [{"iteration": -1}, {"iteration": 1.5}, {"iteration": 2**60}, {"iteration": 1, "step": 2}, {"step": 1}, {}]
)
def test_what_no_player_asks_for_ends_the_connection(connect, wrong):
    with connect() as socket, pytest.raises(WebSocketDisconnect):
        socket.receive_json(), socket.receive_bytes()
        socket.send_json({"type": "scrub", **wrong})
        socket.receive_bytes()


@pytest.mark.parametrize("query", ["", "?key="])
def test_a_recording_cannot_be_steered_with_the_key_that_it_has_not(connect, query):
    with connect(query) as socket:
        socket.receive_json(), socket.receive_bytes()
        socket.send_json({"type": "play"})
        assert "only the person who started it" in socket.receive_json()["message"]
