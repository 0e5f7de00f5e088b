"""The doctor on the command line: exit codes, JSON, a recording that stays as it was, and a run stopped by its failure."""

import hashlib
import json

import pytest

from gancore.__main__ import main

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
