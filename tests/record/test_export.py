"""Truths about exports: what other people's readers find in them is what was recorded."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gancore import presets
from gancore.__main__ import main
from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record.export import export, find
from gancore.record.export.tensorboard import masked
from gancore.record.recording import Recording
from gancore.train.trainer import SCALARS, Event, Trainer

LINE = {"data": "two-normals", "penalty": "r1", "d_opt": "adam", "d_opt.lr": 2e-3, "seed": 3, "batch": 64}
GAMES = {
    "two bells, r1": LINE,
    "ring": {"data": "ring", "noise.dim": 2, "batch": 64, "d.activation": "leaky-relu"},
    "hinge, two updates": {
        "data": "normal",
        "loss": "hinge",
        "dynamics.k": 2,
        "noise": "uniform",
        "g.activation": "tanh",
    },
    "grid, r2, rmsprop": {"data": "grid", "penalty": "r2", "noise.dim": 2, "d_opt": "rmsprop", "g_opt": "rmsprop"},
    "one-sided, he, adamw": {"data": "ring", "noise.dim": 2, "loss": "wasserstein", "penalty": "wgan-gp", "penalty.one_sided": True,
        "g.init": "he", "d.init": "he", "g_opt": "adamw", "d_opt": "adamw"},
    "clip": {"data": "uniform", "loss": "wasserstein", "constraint": "clip", "batch": 32},
    "spectral norm in the plane": {"data": "ring", "noise.dim": 2, "constraint": "spectral-norm", "penalty": "r1", "dynamics.k": 2},
}  # fmt: skip
PRESETS = (
    *("line", "plane", "plane-grid", "images", "gan-lab", "wgan-gp", "hinge-spectral-norm", "paper-2014", "zero-sum"),
    *("relativistic-r1-r2", "jang-2016", "berard-2020", "failure-vanishing"),
)
MNIST = Path(os.environ.get("GANSCOPE_DATA", "/nowhere")) / "mnist"


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    folder = tmp_path / "runs"
    monkeypatch.setenv("GANSCOPE_RUNS", str(folder))
    return folder


def recorded(path, config, steps):
    """A recording of `steps` iterations of this game, with two frames, and its scalars."""
    rows = Trainer(Config.from_flat(config)).advance(steps).numpy()
    recording = Recording.create(path, Config.from_flat(config).flat(), SCALARS)
    recording.scalars(1, rows)
    for at in (0, 7):
        sheet = np.full((17, 17), 10 * at + 5, np.uint8)
        recording.frame(at, Frame(at, {"grid_fixed": sheet}).encode())
    recording.close()
    return rows


@pytest.mark.parametrize("ending, read", [(".csv", pd.read_csv), (".parquet", pd.read_parquet)])
def test_tables_read_back_bit_for_bit(runs, tmp_path, ending, read):
    rows = recorded(runs / "a.sqlite", LINE, 20)
    table = read(export("a", str(tmp_path / f"a{ending}")))
    assert list(table.columns) == ["iteration", *SCALARS] and table["iteration"].tolist() == list(range(1, 21))
    np.testing.assert_array_equal(table[list(SCALARS)].to_numpy(np.float32), rows)


def test_checksums_are_castagnolis():
    """RFC 3720, B.4: 32 bytes of zeros have the CRC-32C 0x8A9136AA; unmasking undoes the rotation."""
    back = (masked(bytes(32)) - 0xA282EAD8) & 0xFFFFFFFF
    assert (back >> 17 | back << 15) & 0xFFFFFFFF == 0x8A9136AA


def test_tensorboards_own_reader_finds_every_scalar_and_picture(runs, tmp_path):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    rows = recorded(runs / "a.sqlite", LINE, 300)
    path = export("a", str(tmp_path / "a.tfevents"))
    found = reading.EventAccumulator(str(path), size_guidance={"scalars": 0, "images": 0}).Reload()
    assert found.Tags()["scalars"] == list(SCALARS) and found.Tags()["images"] == ["grid_fixed"]
    for i, name in enumerate(SCALARS):
        events = found.Scalars(name)
        assert [event.step for event in events] == list(range(1, 301))
        np.testing.assert_array_equal(np.float32([event.value for event in events]), rows[:, i])
    assert [(image.step, image.width, image.height) for image in found.Images("grid_fixed")] == [
        (0, 17, 17),
        (7, 17, 17),
    ]


def test_a_moving_picture_shows_every_frame(runs, tmp_path):
    recorded(runs / "a.sqlite", LINE, 8)
    with Image.open(export("a", str(tmp_path / "a.gif"))) as picture:
        shades = []
        for at in range(picture.n_frames):
            picture.seek(at)
            shades.append(picture.convert("L").getpixel((100, 100)))
    assert shades == [5, 75]


@pytest.mark.parametrize("game", GAMES)
def test_the_script_alone_has_the_recordings_losses(runs, tmp_path, game):
    rows = recorded(runs / "a.sqlite", GAMES[game], 200)
    path = export("a", str(tmp_path / "a.py"))
    assert "gancore" not in path.read_text().replace("GANscope", "")
    said = subprocess.run([sys.executable, str(path), "200"], capture_output=True, text=True, check=True).stdout
    losses = np.array([line.split()[1:] for line in said.splitlines()], float)
    np.testing.assert_allclose(losses, rows[:, [0, 4]], rtol=0, atol=1e-6)


def played(script, *more):
    """The losses that a script prints."""
    said = subprocess.run(
        [sys.executable, str(script), "200", *more], capture_output=True, text=True, check=True
    ).stdout
    return np.array([line.split()[1:] for line in said.splitlines()], float)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_presets_scripts_have_the_recordings_losses(runs, tmp_path, preset):
    rows = recorded(runs / "a.sqlite", presets.load(preset).config.flat(), 200)
    np.testing.assert_allclose(played(export("a", str(tmp_path / "a.py"))), rows[:, [0, 4]], rtol=0, atol=1e-6)


@pytest.mark.parametrize("preset", ["784-128-1", "least-squares-3"])
def test_scripts_of_mnist_read_its_file(runs, tmp_path, preset):
    file = next(MNIST.glob("train-images*ubyte*"), None)
    if file is None:
        pytest.skip("no MNIST here: GANSCOPE_DATA names its folder")
    rows = recorded(runs / "a.sqlite", presets.load(preset).config.flat(), 200)
    losses = played(export("a", str(tmp_path / "a.py")), str(file))
    np.testing.assert_allclose(losses, rows[:, [0, 4]], rtol=0, atol=1e-6)


def test_a_script_follows_rates_and_batches_that_were_changed(runs, tmp_path):
    config = Config.from_flat(LINE)
    planned = (Event(50, "d_opt.lr=0.01"), Event(90, "batch=32"), Event(120, "g_opt.lr=0.0002"))
    rows = Trainer(config, planned=planned).advance(200).numpy()
    recording = Recording.create(runs / "a.sqlite", config.flat(), SCALARS)
    recording.scalars(1, rows)
    for event in planned:
        recording.event(event.iteration, event.what)
    recording.close()
    losses = played(export("a", str(tmp_path / "a.py")))
    np.testing.assert_allclose(losses, rows[:, [0, 4]], rtol=0, atol=1e-6)
    unchanged = Trainer(config).advance(200).numpy()
    assert np.abs(losses[60:] - unchanged[60:, [0, 4]]).max() > 1e-3


def test_a_change_that_a_script_cannot_follow_is_refused_by_name(runs, tmp_path):
    recorded(runs / "a.sqlite", LINE, 5)
    recording = Recording.open(runs / "a.sqlite")
    recording.event(3, "loss=hinge")
    recording.close()
    with pytest.raises(BadKnob, match=r"loss=hinge, at 3.* d_opt\.lr"):
        export("a", str(tmp_path / "a.py"))


def test_what_a_script_cannot_say_is_refused_by_name(runs, tmp_path):
    recorded(runs / "a.sqlite", {"data": "normal", "dynamics": "optimistic"}, 2)
    with pytest.raises(BadKnob, match=r"dynamics = optimistic .* alternating"):
        export("a", str(tmp_path / "a.py"))
    assert list(tmp_path.glob("*a.py*")) == []


def test_a_run_is_a_path_a_name_or_its_only_beginning(runs):
    for name in ("first-x", "second-y"):
        recorded(runs / f"{name}.sqlite", LINE, 1)
    assert find("first-x") == find("fi") == find(str(runs / "first-x.sqlite")) == runs / "first-x.sqlite"
    for wrong in ("", "s-y", "third"):
        with pytest.raises(BadKnob, match=r"(first-x|second-y)"):
            find(wrong)


def test_errors_show_what_came_and_what_would_do(runs, tmp_path, capsys):
    recorded(runs / "a.sqlite", LINE, 1)
    (tmp_path / "there.csv").write_text("precious")
    (tmp_path / "no.sqlite").write_text("no recording")
    for arguments, said in (
        (["a", "--to", "a.xls"], "a.xls"),
        (["b", "--to", str(tmp_path / "b.csv")], '"b"'),
        (["a", "--to", str(tmp_path / "there.csv")], "there already"),
        (["a", "--to", str(tmp_path / "nowhere" / "a.csv")], "does not exist"),
        ([str(tmp_path / "no.sqlite"), "--to", str(tmp_path / "c.csv")], "cannot read"),
    ):
        assert main(["export", *arguments]) == 2
        err = capsys.readouterr().err
        assert said in err and len(err.splitlines()) == 1
    assert (tmp_path / "there.csv").read_text() == "precious"
    assert main(["export", "a", "--to", str(tmp_path / "a.csv")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "a.csv")
