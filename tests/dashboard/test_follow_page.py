"""Truths about what is followed: the page waits for it, shows it, and calls runs by names that can be read."""

import os
import re
import time

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

from dashboard.names import called
from dashboard.panels.foreign import panels
from dashboard.panels.panel import apply
from dashboard.state import following
from dashboard.views import follow, watch
from gancore import presets
from gancore import watch as record
from gancore.observe.frame import Frame
from gancore.record.entry import Entry
from gancore.record.recording import Recording
from gancore.run.recorded import Recorded
from gancore.train.trainer import SCALARS

SHAPES = {"images": (3, 12, 12), "plane": (2,), "line": (1,)}


@pytest.fixture(params=SHAPES)
def watched(request, tmp_path):
    """A recording of a loop of somebody else's, of each page."""
    shape = SHAPES[request.param]
    size = int(np.prod(shape))
    g = nn.Sequential(nn.Linear(4, size), nn.Unflatten(1, shape))
    d = nn.Sequential(nn.Flatten(), nn.Linear(size, 1))
    real = torch.rand(100, *shape)
    with record(
        "my gan", generator=g, discriminator=d, noise=lambda n: torch.randn(n, 4), real=real, folder=tmp_path
    ) as run:
        for _ in range(3):
            run.d_step(0.5, torch.randn(30), torch.randn(30))
            run.g_step(0.5)
    return run.path


def test_every_panel_of_a_watched_run_is_filled_by_its_frames(watched):
    run = Recorded(watched)
    frame = Frame.decode(run.newest()[1])
    made = panels(run.foreign)
    assert {"health", "losses", "scores", "gradients"} < {panel.name for panel in made}
    for panel in made:
        known = {name for path, name in panel.bind.items() if not path.startswith("data.") or name in frame.arrays}
        assert known & frame.arrays.keys() or panel.name == "health", panel.name
        assert panel.spec and apply(panel, frame)


class Hub:
    """A hub of which only what it follows is asked for."""

    def __init__(self, folder):
        self.follow = folder

    def followed(self):
        return sorted(self.follow.glob("*.sqlite"))

    def find(self, name):
        return Recorded(self.follow / f"{name}.sqlite")


def page(monkeypatch, folder):
    def script():
        from dashboard.views import follow

        follow.show()

    for view in (follow, watch):
        monkeypatch.setattr(view, "hub", lambda: Hub(folder))
    return AppTest.from_function(script, default_timeout=60).run()


def test_the_page_waits_for_the_first_recording(monkeypatch, tmp_path):
    test = page(monkeypatch, tmp_path)
    assert not test.exception and "appears here by itself" in test.info[0].value


def test_the_page_shows_the_newest_recording(monkeypatch, watched):
    older = Recording.create(watched.with_name("older.sqlite"), {"watched": "older", "page": "line"}, SCALARS)
    older.close()
    os.utime(older.path, (1, 1))
    test = page(monkeypatch, watched.parent)
    assert not test.exception and test.markdown[0].value.startswith(r"**my gan**")
    assert test.selectbox[0].options[0].startswith("my gan · ")


@pytest.mark.parametrize("asked, said", [
    (["--follow", "nowhere/at/all"], "is not there"),
    (["--follow", __file__], "ends in .sqlite"),
    (["--folow", "x"], "--folow x is unknown"),
])  # fmt: skip
def test_what_cannot_be_followed_is_said(asked, said):
    with pytest.raises(SystemExit, match=re.escape(said)):
        following(asked)


def test_a_folder_that_is_still_to_come_can_be_followed(tmp_path):
    assert following(["--follow", str(tmp_path / "soon")]) == tmp_path / "soon" and following([]) is None


@pytest.mark.parametrize("preset, expected", [
    ("line", "Two bells · non-saturating · R1"),
    ("wgan-gp", "WGAN-GP · wasserstein · WGAN-GP"),
    ("hinge-spectral-norm", "hinge · spectral-norm"),
])  # fmt: skip
def test_runs_that_nobody_named_go_by_what_was_played(tmp_path, preset, expected):
    recording = Recording.create(
        tmp_path / "x7Gq-0.sqlite", presets.load(preset).config.with_("seed", 5).flat(), SCALARS
    )
    recording.close()
    name = called(Entry.of(recording.path))
    assert expected in name and re.search(rf" · {time.localtime().tm_mday} \w+ \d\d:\d\d$", name)


def test_runs_of_nobody_knows_what_go_by_their_file(tmp_path):
    recording = Recording.create(tmp_path / "odd.sqlite", {"data": "dragons"}, SCALARS)
    recording.close()
    assert called(Entry.of(recording.path)).startswith("odd · ")
