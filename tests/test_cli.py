"""Truths about the command line: it lists what there is, plays what it is told, and says what is wrong in one sentence."""

import contextlib
import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from gancore import presets
from gancore.__main__ import main
from gancore.catalog import knobs
from gancore.config import ROLES, Config
from gancore.record.recording import Reader
from gancore.train.state import State
from gancore.train.trainer import SCALARS, Trainer
from tests.benchmarks.line_quality import NEAR, marks

ROOT = Path(__file__).parent.parent
CATALOGS = {catalog.family: catalog for catalog in ROLES.values()}
SMALL = ["--set", "batch=16", "--set", "g.width=8", "--set", "d.width=8"]


@pytest.fixture
def gancore(capsys):
    """Runs the command line here: exit code, standard output, standard error."""

    def run(*arguments):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = stop.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_list_shows_every_entry_with_its_source(gancore):
    code, out, _ = gancore("list")
    assert code == 0
    for catalog in CATALOGS.values():
        for name, choice in catalog.items():
            assert re.search(rf"^  {re.escape(name)} +{re.escape(choice.__doc__.splitlines()[0])}$", out, re.MULTILINE)
    assert all(presets.load(name).story in out for name in presets.names())


@pytest.mark.parametrize("family", CATALOGS)
def test_list_of_one_catalog_shows_its_knobs(gancore, family):
    code, out, _ = gancore("list", family)
    assert code == 0
    facts = json.loads(gancore("list", family, "--json")[1])[family]
    assert list(facts) == list(CATALOGS[family])
    for name, choice in CATALOGS[family].items():
        for k, told in zip(knobs(choice), facts[name]["knobs"], strict=True):
            assert k.help in out and k.accepts in out
            assert (told["name"], told["live"], told["accepts"]) == (k.name, k.live, k.accepts)


def test_list_as_json_holds_everything(gancore):
    facts = json.loads(gancore("list", "--json")[1])
    assert set(facts) == {"preset", "run", *CATALOGS}


def test_train_measures_what_came_out(gancore):
    code, out, err = gancore("train", "line", *SMALL, "--steps", 60, "--seed", 3, "--json")
    result = json.loads(out.splitlines()[-1])
    assert code == 0 and "60/60" in err
    assert (result["state"], result["iteration"], result["seed"]) == ("finished", 60, 3)
    assert result["steps_per_second"] > 0
    for name in ("w1", "jsd"):
        low, high = result["metrics"][name]["floor"]
        assert 0 < low < high and result["metrics"][name]["value"] > low

    config = Config.from_flat({"batch": 16, "g.width": 8, "d.width": 8, "seed": 3}, presets.load("line").config)
    rows = dict(zip(SCALARS, Trainer(config).advance(60)[-1].tolist()))
    assert result["losses"] == {name: rows[name] for name in ("d_loss", "g_loss")}


def test_train_on_pictures_says_how_d_scores(gancore):
    code, out, _ = gancore("train", "images", *SMALL, "--steps", 3, "--json")
    metrics = json.loads(out)["metrics"]
    assert code == 0 and set(metrics) == {"d_real", "d_fake"}
    assert all(0 < metric["value"] < 1 for metric in metrics.values())


def test_train_tells_a_person(gancore):
    code, out, _ = gancore("train", "line", *SMALL, "--steps", 5)
    assert code == 0 and out.startswith("finished at iteration 5,")
    assert re.search(r"^w1 \d\.\d{4} \(a perfect sampler: \d\.\d{4} to \d\.\d{4}\)$", out, re.MULTILINE)


def test_train_takes_a_file_with_settings_on_top(gancore, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\n' + Config.from_flat({"data": "normal", "batch": 8, "seed": 5}).to_toml())
    table = tmp_path / "scalars.csv"
    code, _, _ = gancore("train", file, "--set", "data=uniform", "--set", "data.high=2", "--steps", 4, "--out", table)
    assert code == 0
    kept = np.loadtxt(table, delimiter=",", skiprows=1, dtype=np.float64)
    config = Config.from_flat({"data": "uniform", "data.high": 2, "batch": 8, "seed": 5})
    assert table.read_text().splitlines()[0] == ",".join(["iteration", *SCALARS])
    np.testing.assert_array_equal(kept[:, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(kept[:, 1:].astype(np.float32), Trainer(config).advance(4).numpy())


def test_a_recording_holds_every_iteration_and_can_be_taken_up_again(gancore, tmp_path):
    path = tmp_path / "run.sqlite"
    assert gancore("train", "zero-sum", *SMALL, "--steps", 30, "--out", path)[0] == 0
    with Reader(path) as reader:
        config = Config.from_flat(reader.config)
        iterations, values = reader.scalars()
        at, tensors, extra = reader.last_checkpoint()
    trainer = Trainer(config)
    np.testing.assert_array_equal(values, trainer.advance(30).numpy())
    assert at == 30 == iterations[-1] and Config.from_json(extra["config"]) == config
    assert torch.equal(Trainer(config, state=State.from_tensors(tensors)).advance(5), trainer.advance(5))


BAD = {
    "train lien": "did you mean line",
    "train line --set d_opt.lr=fast": "from 0.000001 to 10|from 1e-06 to 10",
    "train line --set loss=minmax": "did you mean minimax",
    "train line --set colour=red": "unknown",
    "train line --set d_opt.lr": "knob=value",
    "train line --seed -1": "seed",
    "train line --steps 0": "whole number from 1",
    "train line --steps many": "whole number",
    "train no-such-file.toml": "No such file",
    "train line --out run.toml": "sqlite.*csv",
    "train line --out run": "sqlite.*csv",
    "train line --out no-such-folder/run.csv": "folder",
    "list losses": "did you mean loss",
    "train": "PRESET",
    "dance": "list",
    "": "list",
    "train line --stpes 3": "stpes",
}


@pytest.mark.parametrize("arguments", BAD)
def test_what_cannot_be_used_is_said_in_one_sentence(gancore, arguments):
    code, out, err = gancore(*arguments.split())
    assert code == 2 and not out
    assert len(err.strip().splitlines()) == 1 and re.search(BAD[arguments], err)


@pytest.mark.parametrize("source", ["data = ", '[data]\nchoice = "nromal"', "[d_opt]\nlr = 'fast'", "\0", "[[x]]\n"])
def test_a_bad_file_is_refused(gancore, tmp_path, source):
    file = tmp_path / "bad.toml"
    file.write_text(source)
    code, _, err = gancore("train", file, "--steps", 1)
    assert code == 2 and len(err.strip().splitlines()) == 1


def test_a_file_is_never_written_over(gancore, tmp_path):
    for name in ("run.csv", "run.sqlite"):
        (tmp_path / name).write_text("precious")
        assert gancore("train", "line", "--steps", 1, "--out", tmp_path / name)[0] == 2
        assert (tmp_path / name).read_text() == "precious"


def test_divergence_names_tensor_and_iteration_and_keeps_what_came_before(gancore, tmp_path):
    wild = ["loss=wasserstein", "penalty=none", "d_opt=sgd", "d_opt.lr=10"]
    path = tmp_path / "run.sqlite"
    settings = [part for setting in wild for part in ("--set", setting)]
    code, out, err = gancore("train", "line", *settings, "--steps", 2000, "--json", "--out", path)
    result = json.loads(out.splitlines()[-1])
    assert code == 3 and result["state"] == "diverged"
    said = re.search(
        r"(loss of [DG]|weights [DG]\.\S+|\S+ \(gradient or score\)) became non-finite in iteration (\d+)", err
    )
    assert said and int(said[2]) == result["iteration"] + 1
    with Reader(path) as reader:
        assert reader.iterations() == result["iteration"]


def test_ctrl_c_stops_cleanly_and_tells_what_was_reached(tmp_path):
    path = tmp_path / "run.sqlite"
    command = [
        sys.executable,
        "-m",
        "gancore",
        "train",
        "line",
        *SMALL,
        "--steps",
        "1000000",
        "--json",
        "--out",
        str(path),
    ]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        heard = ""
        while ", D " not in heard:  # the bar shows losses: it plays
            heard += process.stderr.read(1)
            assert process.poll() is None, heard
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    result = json.loads(out.splitlines()[-1])
    assert process.returncode == 130 and "Traceback" not in heard + err
    assert result["state"] == "stopped" and 0 < result["iteration"] < 1_000_000
    with Reader(path) as reader:
        assert reader.iterations() == reader.last_checkpoint()[0] == result["iteration"]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_line_preset_learns_its_two_bells(seed):
    """The table of ten seeds is kept in tests/benchmarks/results/line_quality.txt."""
    assert any(w1 <= NEAR for _, w1 in marks(seed))


def test_the_readmes_notebook_lines_run():
    notebook = (ROOT / "README.md").read_text(encoding="utf-8").partition("## In a notebook")[2]
    block = re.search(r"```python\n(.*?)```", notebook, re.DOTALL)[1]
    assert all(word in block for word in ("Config", "Trainer", "for ", "measure"))
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard):
        exec(compile(block, "README.md", "exec"), {})
    assert "w1" in heard.getvalue()
