"""The doctor on the command line: exit codes, JSON, a recording that stays as it was, and a run stopped by its failure."""

import hashlib
import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from gancore.__main__ import main
from gancore.record.entry import Entry
from gancore.record.recording import Recording
from gancore.train.trainer import SCALARS

ROOT = Path(__file__).parent.parent

QUICK = ["--set", "g.width=8", "--set", "d.width=8", "--set", "batch=32"]


@pytest.fixture(scope="module")
def blind(tmp_path_factory):
    """A recording of a game in which D does not learn."""
    path = tmp_path_factory.mktemp("runs") / "blind-0.sqlite"
    command = ["train", "failure-blind", *QUICK, "--steps", "600", "--out", str(path), "--json"]
    assert main(command) == 0
    return path


def test_a_sick_run_exits_with_3_and_names_a_change(blind, capsys):
    before = hashlib.sha256(blind.read_bytes()).digest()
    assert main(["doctor", str(blind), "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    found = {verdict["name"]: verdict for verdict in said["verdicts"]}
    assert said["sick"] and "d-blind" in found and found["d-blind"]["cure"]["change"].startswith("d_opt.lr=")
    assert len(found["d-blind"]["numbers"]) == 2
    assert hashlib.sha256(blind.read_bytes()).digest() == before


def test_a_run_is_found_by_its_name_in_the_folder_of_recordings(blind, monkeypatch, capsys):
    monkeypatch.setenv("GANSCOPE_RUNS", str(blind.parent))
    assert main(["doctor", "blind"]) == 3
    assert "! D is blind since iteration" in capsys.readouterr().out
    assert main(["doctor", "blnd"]) == 2
    assert "did you mean blind?" in capsys.readouterr().err


def test_followed_to_its_end_a_run_is_judged_by_its_checkpoints(blind, monkeypatch, capsys):
    monkeypatch.setattr("gancore.cli.doctor.PATIENCE", 0.5)
    assert main(["doctor", str(blind), "--follow", "--json"]) == 0  # one checkpoint is too little to say
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["verdicts"][0]["name"] == "too-early"


def test_a_run_stops_once_the_failure_is_told(capsys):
    command = ["train", "failure-blind", *QUICK, "--steps", "3000", "--json"]
    assert main([*command, "--stop-on", "d-blind"]) == 3
    said = capsys.readouterr()
    result = json.loads(said.out.splitlines()[-1])
    assert result["state"] == "sick" and result["iteration"] < 3000
    assert "D is blind" in said.err
    assert main([*command, "--stop-on", "hiccups"]) == 2
    assert "give one of" in capsys.readouterr().err


def test_a_game_that_leaves_the_finite_numbers_is_told_to_diverge(capsys):
    assert main(["train", "failure-divergence", "--steps", "200", "--json"]) == 3
    verdicts = json.loads(capsys.readouterr().out.splitlines()[-1])["verdicts"]
    assert [verdict["name"] for verdict in verdicts] == ["divergence"]


LOOP = """
import sys, time, torch
from pathlib import Path
from torch import nn
from gancore import watch
from gancore.run.watching import recorder
recorder.FRAMES = 0.5  # half of the loop's time: looks come at once, and the doctor is what is waited for
torch.manual_seed(0)
g, d = nn.Linear(4, 2), nn.Linear(2, 1)
with torch.no_grad():
    g.weight.mul_(1e-3)  # one point, whatever z is
run = watch("sick", generator=g, discriminator=d, noise=lambda n: torch.randn(n, 4), real=5 * torch.randn(500, 2), folder=sys.argv[1])
stop, until = Path(sys.argv[1]) / "stop", time.monotonic() + 400
while not stop.exists():
    run.d_step(1.0, torch.randn(64) + 1, torch.randn(64)); run.g_step(1.0)
    time.sleep(0.004)
    if time.monotonic() > until:
        break
run.close()
"""


def test_a_loop_of_somebody_elses_is_followed_as_it_grows(tmp_path, capsys):
    loop = subprocess.Popen([sys.executable, "-c", LOOP, str(tmp_path)], cwd=ROOT)
    path = tmp_path / "sick.sqlite"
    try:
        until(path.exists)
        threading.Thread(target=stopped, args=(path, tmp_path / "stop"), daemon=True).start()
        assert main(["doctor", str(path), "--follow", "--json"]) == 3
    finally:
        loop.kill()
        loop.wait()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["verdicts"][0]["name"] == "too-early"
    assert "collapse" in [verdict["name"] for verdict in lines[-1]["verdicts"]]
    assert main(["doctor", str(path)]) == 3
    assert "Total collapse since iteration" in capsys.readouterr().out


def test_what_no_checkpoint_and_no_loop_speaks_for_is_no_run_to_judge(tmp_path, capsys):
    recording = Recording.create(tmp_path / "bare.sqlite", {"watched": "bare", "page": "line"}, SCALARS)
    recording.scalars(1, np.zeros((5, 6), "f4"))
    recording.close()
    assert main(["doctor", str(recording.path)]) == 2 and "holds no verdicts" in capsys.readouterr().err
    assert main(["doctor", str(recording.path), "--follow"]) == 2 and "anything to judge" in capsys.readouterr().err


def stopped(path, stop):
    """Ends the loop once its recording says that it is sick."""

    def sick():
        with suppress(OSError):  # the file is there before what it has to hold
            return Entry.of(path).sick

    until(sick, 120)
    stop.touch()


def until(there, seconds=60):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)
