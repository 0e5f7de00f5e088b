"""Truths about the replay file: it holds what was recorded, fits where it must, and what a stranger wrote stays text."""

import base64
import gzip
import json
import re

import numpy as np
import pytest

from dashboard.export import writer
from dashboard.export.packing import packed
from dashboard.export.replay import inlined, offline
from dashboard.export.shown import Shown, chosen
from gancore.__main__ import main
from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record.recording import Recording
from gancore.record.replay import Replay
from gancore.train.trainer import SCALARS
from tests.dashboard.recorded import recorded


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("runs") / "line-0.sqlite", "line", 60, 5)


def part(page: str, name: str) -> bytes:
    return gzip.decompress(base64.b64decode(re.search(f'id="{name}">([^<]*)<', page)[1]))


def test_every_recorded_array_is_in_the_file_bit_for_bit(line):
    with Replay(line) as replay:
        film = packed(replay, replay.reader.frames(), lambda done: None)
        for told in film.info["frames"]:
            kept = Frame.decode(replay.reader.frame(told["iteration"]))
            assert told["arrays"].keys() == kept.arrays.keys()
            for name, at in told["arrays"].items():
                np.testing.assert_array_equal(film.arrays[str(at)], kept.arrays[name])
        assert len(film.arrays) < sum(len(told["arrays"]) for told in film.info["frames"])  # what stays is there once
        x, y = (film.arrays[str(at)] for at in film.info["lines"]["d_loss"])
        np.testing.assert_array_equal(x, np.arange(1, 61))
        np.testing.assert_array_equal(y, replay.reader.scalars()[1][:, 0])


def test_the_file_is_whole_and_reaches_for_nothing(line, tmp_path):
    assert main(["export", str(line), "--to", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text()
    assert b"plotly.js v" in part(page, "plotly")[:200]
    assert Frame.decode(part(page, "film")).iteration == 60
    assert "default-src 'none'" in page and not re.search(r"""(src|href)=["'](?!data:)""", page)
    assert "Two bells" in page and "seed <b>0</b>" in page and "d_opt.lr=0.001" in page and "all 13 frames" in page
    imports = json.loads(re.search(r'"importmap">(.*?)</script>', page)[1])["imports"]
    for source in imports.values():
        text = base64.b64decode(source.split(",")[1]).decode()
        assert set(re.findall(r"""from ["']([^"']+)["']""", text)) <= imports.keys()  # nothing is left to be fetched


def test_frames_are_thinned_evenly_to_the_size_asked_for_and_the_page_says_so(line, tmp_path):
    path = tmp_path / "big-0.sqlite"
    recording = Recording.create(path, Config().flat(), SCALARS)
    recording.scalars(1, np.zeros((300, 6), np.float32))
    noise = np.random.default_rng(0)
    for at in range(300):
        recording.frame(at, Frame(at, {"p_g": noise.random(9000).astype(np.float32)}, {"probes": ["density"]}).encode())
    recording.close()
    assert main(["export", str(path), "--to", str(tmp_path / "b.html"), "--megabytes", "4"]) == 0
    page = (tmp_path / "b.html").read_text()
    assert 2.5e6 < len(page) <= 4e6
    at = [frame["iteration"] for frame in Frame.decode(part(page, "film")).info["frames"]]
    assert at[0] == 0 and at[-1] == 299 and max(np.diff(at)) - min(np.diff(at)) <= 1
    assert f"{len(at)} of 300 frames" in page


def test_a_recording_without_frames_still_shows_its_curves(tmp_path):
    path = tmp_path / "s-0.sqlite"
    recording = Recording.create(path, Config().flat(), SCALARS)
    recording.scalars(1, np.ones((1000, 6), np.float32))
    recording.close()
    with Shown(path) as shown:
        assert "density" not in (names := {panel.name for panel in shown.panels}) and names >= {
            "losses",
            "scores",
            "gradients",
        }
    assert main(["export", str(path), "--to", str(tmp_path / "s.html")]) == 0
    assert len(Frame.decode(part((tmp_path / "s.html").read_text(), "film")).info["frames"]) > 100


def test_what_a_stranger_wrote_stays_text(tmp_path):
    path = tmp_path / "x-0.sqlite"
    recording = Recording.create(path, Config().flat(), SCALARS)
    recording.scalars(1, np.ones((10, 6), np.float32))
    recording.event(5, "</script><img src=x onerror=alert(1)>")
    recording.tell("name", "<b>bold</b>")
    recording.close()
    assert main(["export", str(path), "--to", str(tmp_path / "x.html")]) == 0
    page = (tmp_path / "x.html").read_text()
    assert "<img" not in page and "<b>bold" not in page and "&lt;b&gt;bold" in page


def test_what_was_not_recorded_is_not_offered(line):
    with Shown(line) as shown:
        panel = next(panel for panel in shown.panels if panel.name == "density")
        told = offline(panel.spec, shown.probes)
    assert set(told["tools"]) <= {"health", "hover"}
    assert all(set(view["probes"]) <= shown.probes for group in told["views"] for view in group[1:])


def test_evenly_means_first_and_last_too():
    assert chosen(range(10), 4) == [0, 3, 6, 9] and chosen([1, 2], 4) == [1, 2] and chosen(range(100), 2) == [0, 99]


def test_modules_bring_their_neighbours():
    assert {"gs/replay.js", "gs/panel.js", "gs/dom.js", "gs/unpack.js", "gs/plotly.js"} <= inlined(["replay.js"]).keys()


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--to", "a.svg"], "losses"),
        (["--to", "a.svg", "--panel", "lossess"], "did you mean losses"),
        (["--to", "a.svg", "--panel", "losses", "--at", "-3"], '"-3"'),
        (["--to", "a.gif", "--panel", "losses", "--at", "3"], "every moment"),
        (["--to", "a.html", "--megabytes", "1"], "3 to 200"),
        (["--to", "a.png", "--panel", "losses", "--theme", "pink"], "light or dark"),
        (["--to", "a.csv", "--panel", "losses"], ".svg"),
    ],
)
def test_errors_show_what_came_and_what_would_do(line, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(line), *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err and len(err.splitlines()) == 1 and list(tmp_path.iterdir()) == []


def test_without_a_browser_the_error_says_what_would_do(line, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GANSCOPE_BROWSER", "/no/such/browser")
    assert main(["export", str(line), "--to", str(tmp_path / "a.svg"), "--panel", "losses"]) == 2
    assert "/no/such/browser" in capsys.readouterr().err
    monkeypatch.delenv("GANSCOPE_BROWSER")
    monkeypatch.setenv("PATH", "")
    assert main(["export", str(line), "--to", str(tmp_path / "a.svg"), "--panel", "losses"]) == 2
    assert "install Chromium" in capsys.readouterr().err


def test_wishes_are_checked_before_anything_is_read():
    class Asked:
        to, panel, at, theme, megabytes = "x.html", None, None, "light", "many"

    with pytest.raises(BadKnob, match="many"):
        writer(Asked, print)
