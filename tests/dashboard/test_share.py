"""Truths about the Share menu's answers: a file comes from a process of its own, strangers get nothing, a stop is a stop."""

import time

import pandas as pd
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard.live.share import routes
from gancore.run.recorded import Recorded
from tests.dashboard.recorded import recorded


class Hub:
    """A hub with one recording in it."""

    def __init__(self, path):
        self.find = {path.stem: Recorded(path)}.get


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("runs") / "line-0.sqlite", "line", 40, 10)


@pytest.fixture
def client(line):
    with TestClient(Starlette(routes=routes(Hub(line))), base_url="http://localhost") as client:
        yield client


def until(client, job, *states):
    end = time.monotonic() + 120
    while (told := client.get(f"/exports/{job}").json())["state"] not in states:
        assert time.monotonic() < end, told
        time.sleep(0.1)
    return told


def test_a_file_is_made_beside_everything_else_and_handed_over(client, tmp_path):
    job = client.post("/share/line-0", json={"to": ".parquet"}).json()["job"]
    assert client.get(f"/exports/{job}/file").status_code == 404  # not before it is ready
    told = until(client, job, "ready", "failed")
    assert told["state"] == "ready" and told["name"] == "line-0.parquet"
    answer = client.get(f"/exports/{job}/file")
    assert 'filename="line-0.parquet"' in answer.headers["content-disposition"]
    (tmp_path / "got.parquet").write_bytes(answer.content)
    assert len(pd.read_parquet(tmp_path / "got.parquet")) == 40


def test_what_cannot_be_made_says_why(client):
    job = client.post("/share/line-0", json={"to": ".gif", "panel": "nonsense"}).json()["job"]
    told = until(client, job, "ready", "failed")
    assert told["state"] == "failed" and "nonsense" in told["why"] and "losses" in told["why"]


def test_a_stop_is_a_stop(client):
    job = client.post("/share/line-0", json={"to": ".html"}).json()["job"]
    assert client.delete(f"/exports/{job}").json()["state"] == "stopped"
    time.sleep(0.5)
    assert client.get(f"/exports/{job}").json()["state"] == "stopped"
    assert client.get(f"/exports/{job}/file").status_code == 404


def test_strangers_and_nonsense_get_nothing(client):
    good = {"to": ".parquet"}
    assert client.post("/share/other-0", json=good).status_code == 404
    assert client.post("/share/line-0", json=good, headers={"Origin": "https://evil.example"}).status_code == 404
    assert client.get("/exports/guess").status_code == client.get("/exports/guess/file").status_code == 404
    for bad in ({"to": ".exe"}, {"to": 3}, [], {"to": "/etc/passwd"}):
        assert client.post("/share/line-0", json=bad).status_code == 400
    assert client.post("/share/line-0", content=b"{" * 9000).status_code == 400


def test_the_code_is_shown_or_its_lack_explained(client):
    answer = client.get("/share/line-0/code")
    assert answer.status_code == 200 and "class" not in answer.text and "torch.optim.Adam" in answer.text
    assert client.get("/share/other-0/code").status_code == 404
