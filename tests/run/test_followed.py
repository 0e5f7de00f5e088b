"""Truths about a recording that somebody else writes: it is followed while it grows, and known to rest, to end, to be cut off."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from gancore.observe.frame import Frame
from gancore.record import writer
from gancore.record.recording import Recording
from gancore.record.store import RecordingError
from gancore.run import hub as hubs
from gancore.run.foreign import NEEDED
from gancore.run.recorded import Recorded
from gancore.train.trainer import SCALARS

ROOT = Path(__file__).parents[2]
LOOP = """
import sys, time, torch
from torch import nn
from gancore import watch
g, d = nn.Linear(4, 2), nn.Linear(2, 1)
run = watch("mine", generator=g, discriminator=d, noise=lambda n: torch.randn(n, 4), real=torch.randn(300, 2), folder=sys.argv[1])
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    run.d_step(torch.rand(()), torch.randn(9), torch.randn(9)); run.g_step(torch.rand(()))
    time.sleep(0.005)
run.close()
"""


def started(folder, seconds):
    loop = subprocess.Popen([sys.executable, "-c", LOOP, str(folder), str(seconds)], cwd=ROOT)
    until((folder / "mine.sqlite").exists)
    return loop


def until(there, seconds=60):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.02)


@pytest.fixture
def loop(tmp_path):
    process = started(tmp_path, 600)
    yield process, Recorded(tmp_path / "mine.sqlite")
    process.kill()
    process.wait()


def shown(run):
    data = run.newest()[1]
    return Frame.decode(data).iteration if data else -1


def test_frames_of_another_process_come_by_themselves_and_soon(loop):
    _, run = loop
    news, ages = threading.Event(), []
    token = run.subscribe(news.set)
    before = shown(run)
    for _ in range(4):
        until(lambda seen=before: shown(run) > seen)
        before = shown(run)
        ages.append(writer.age(run.path))
    assert min(ages) < 1.0 and news.is_set()
    assert run.state == "playing" and run.foreign.page == "plane" and run.config is None
    assert run.iteration >= before and Frame.decode(run.newest()[1]).info["replay"] is False
    run.unsubscribe(token)
    until(lambda: not run._following)


def test_a_loop_that_is_killed_is_cut_off_and_one_that_ends_is_finished(loop, tmp_path):
    process, run = loop
    run.subscribe(lambda: None)
    until(lambda: run.state == "playing" and shown(run) > 0)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: run.state == "failed")
    assert "as if killed" in run.status()[1]["detail"]
    other = tmp_path / "again"
    second = started(other, 3)
    ended = Recorded(other / "mine.sqlite")
    ended.subscribe(lambda: None)
    until(lambda: ended.state == "finished")
    assert second.wait(30) == 0 and "a recording of" in ended.status()[1]["detail"]


def test_a_loop_that_stops_for_a_while_is_silent_and_then_goes_on(loop, monkeypatch):
    process, run = loop
    monkeypatch.setattr(writer, "FRESH", 1.5)
    run.subscribe(lambda: None)
    until(lambda: run.state == "playing" and shown(run) > 0)
    os.kill(process.pid, signal.SIGSTOP)
    until(lambda: run.state == "paused")
    assert run.status()[1]["detail"].startswith("No news since")
    os.kill(process.pid, signal.SIGCONT)
    until(lambda: run.state == "playing")


def test_a_run_that_begins_anew_under_the_same_name_begins_anew_for_its_readers(tmp_path):
    path = tmp_path / "run.sqlite"
    frame = Frame(3, {"x": np.zeros(1)}, {}).encode()
    run = None
    for n, epoch in ((7, 0), (2, 1)):
        path.unlink(missing_ok=True)
        recording = Recording.create(path, {"watched": "run", "page": "line"}, SCALARS)
        recording.scalars(1, np.zeros((n, 6), "f4"))
        recording.frame(n, frame)
        recording.close()
        run = run or Recorded(path)
        run.refresh()
        assert (run.status()[1]["epoch"], run.iteration) == (epoch, n)


def test_a_loop_whose_networks_cannot_be_asked_still_has_its_curves(tmp_path):
    recording = Recording.create(tmp_path / "bare.sqlite", {"watched": "bare", "page": "images"}, SCALARS)
    recording.scalars(1, np.ones((50, 6), "f4"))
    recording.close()
    run = Recorded(recording.path)
    frame = Frame.decode(run.newest()[1])
    assert not run.foreign.real and frame.iteration == 50 and len(frame.arrays["d_loss"])


@pytest.mark.parametrize("odd", [
    {"page": "../.."}, {"page": None}, {"shape": "x"}, {"g_weights": "many"}, {"generator": {}}, {"says": [1]},
], ids=str)  # fmt: skip
def test_what_a_file_claims_of_its_loop_is_measured_first(tmp_path, odd):
    recording = Recording.create(tmp_path / "odd.sqlite", {"watched": "odd", "page": "plane"} | odd, SCALARS)
    for name in NEEDED["plane"]:
        recording.frame(0, Frame(0, {name: np.array([np.nan])}, {}).encode())
    recording.close()
    try:
        assert Recorded(recording.path).foreign.real == {}
    except RecordingError as refusal:
        assert "What to do" in str(refusal)


def test_the_hub_finds_what_it_follows_and_leaves_it_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSCOPE_RUNS", str(tmp_path / "own"))
    others = tmp_path / "others"
    others.mkdir()
    recording = Recording.create(others / "my.gan-2.sqlite", {"watched": "my.gan", "page": "line"}, SCALARS)
    recording.close()
    hub = hubs.Hub(workers=1)
    try:
        assert hub.recordings() == [] and hub.find("my.gan-2") is None
        hub.follow = others
        assert hub.recordings() == [recording.path] and hub.find("my.gan-2").foreign.name == "my.gan"
        hub.follow = recording.path
        assert hub.find("my.gan-2") is not None
        for name in ("../others/my.gan-2", "..", ".hidden", "my.gan-2.sqlite"):
            assert hub.find(name) is None
    finally:
        hub.close()
    assert recording.path.exists()
