"""What goes wrong in the world: tabs close, workers die, strangers knock, sockets are blocked."""

import json
import os
import signal
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.e2e.app import Visitor, serving


def socket(server, run: str, origin: str | None = None, key: str = ""):
    url = server.url.replace("http", "ws") + f"/live/ws/{run}?key={key}"
    return connect(url, origin=origin or server.url, max_size=None)


def test_closing_the_tab_frees_the_processor_and_coming_back_goes_on(visitor):
    me = visitor().visit().play()
    run, server = me.run, me.server
    me.page.close()
    time.sleep(15)
    before = len(server.scalars(run))
    time.sleep(2)
    assert len(server.scalars(run)) == before
    again = visitor().visit(f"/?watch={run}")
    again.until(lambda: again.iteration > before, why="for the run to go on")


def test_a_killed_worker_is_replaced_and_the_page_says_so(browser, tmp_path):
    with serving(tmp_path, GANSCOPE_WORKERS="1") as server:
        me = Visitor(browser.new_page(), server).visit().play(200)
        me.page.wait_for_timeout(1500)
        os.kill(server.workers()[0], signal.SIGKILL)
        me.page.get_by_text("The worker process died").wait_for()
        at = me.iteration
        me.until(lambda: me.iteration > at, why="for the run to go on")
        rows = [int(row["iteration"]) for row in server.scalars(me.run)]
        assert rows == list(range(1, len(rows) + 1))
        me.page.close()


def test_strangers_are_refused(visitor):
    me = visitor().visit()
    with pytest.raises(InvalidStatus) as refused:
        socket(me.server, me.run, origin="http://elsewhere.example")
    assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as refused:
        socket(me.server, "guessed")
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "message", ["no json", '{"type": "launch"}', "[]", '{"type": "look"}', "x" * 5000, b"\x00\x01"]
)
def test_a_malformed_message_closes_only_its_own_socket(visitor, message):
    me = visitor().visit().play()
    with socket(me.server, me.run) as bad:
        bad.send(message)
        with pytest.raises(ConnectionClosed):
            while True:
                bad.recv(timeout=10)
    at = me.iteration
    me.until(lambda: me.iteration > at)


def test_a_guessed_key_controls_nothing(visitor):
    me = visitor().visit().play()
    with socket(me.server, me.run, key="guessed") as stranger:
        stranger.send(json.dumps({"type": "pause"}))
        end = time.monotonic() + 10
        while time.monotonic() < end:
            said = stranger.recv(timeout=10)
            if isinstance(said, str) and json.loads(said)["type"] == "error":
                break
        assert json.loads(said)["type"] == "error"
    assert me.state == "playing"


def test_without_websockets_the_page_says_so_and_draws_by_itself(visitor):
    me = visitor()
    me.page.add_init_script("""
        const Real = window.WebSocket;
        window.WebSocket = class extends Real {
            constructor(url, ...rest) { super(String(url).includes("/live/ws/") ? "ws://127.0.0.1:9/" : url, ...rest); }
        };
    """)
    me.visit(panels=False)
    me.page.get_by_text("draws once a second").first.wait_for(timeout=30_000)
    me.page.get_by_role("button", name="Play").click()
    chart = me.page.locator(".stPlotlyChart").first
    chart.wait_for(timeout=30_000)
    me.page.get_by_text("playing · iteration").wait_for(timeout=30_000)


def test_under_a_base_path_everything_still_works(browser, tmp_path):
    with serving(tmp_path, "--server.baseUrlPath=/course/gan", GANSCOPE_WORKERS="1") as server:
        me = Visitor(browser.new_page(), server).visit("/").play()
        assert me.state == "playing"
        me.page.close()
