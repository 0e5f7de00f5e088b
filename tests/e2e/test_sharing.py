"""What is taken away works where it is taken: a replay from a file, offline; figures, films and code from the page."""

import io
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancore.__main__ import main
from tests.dashboard.recorded import recorded

SVG = "{http://www.w3.org/2000/svg}"
SHOWN = "all => all.map(panel => Number(panel.dataset.iteration))"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {name: recorded(folder / f"{name}-0.sqlite", name, 80, 10) for name in ("line", "plane", "images")}


@pytest.fixture
def opened(browser, runs, tmp_path):
    """Opens the replay of a page's run from its file, in a browser without a network. Nothing may be asked of it or go wrong."""
    wrong, contexts = [], []

    def open_(name, **options):
        path = tmp_path / f"{name}.html"
        assert main(["export", str(runs[name]), "--to", str(path)]) == 0
        context = browser.new_context(offline=True, viewport={"width": 1366, "height": 768}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda asked: asked.url.startswith(("data:", "blob:", path.as_uri())) or wrong.append(asked.url)
        )
        page.goto(path.as_uri())
        page.wait_for_selector("[data-panel]:not([data-panel=health]) .main-svg", timeout=60_000)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


def until_all_show(page, iteration):
    end = time.monotonic() + 60
    while set(shown := page.eval_on_selector_all("[data-panel]", SHOWN)) != {
        iteration
    }:  # the file forbids waiting scripts
        assert time.monotonic() < end, f"waited for {iteration}, saw {shown}"
        page.wait_for_timeout(50)


@pytest.mark.parametrize("name", ["line", "plane", "images"])
def test_a_replay_plays_from_its_file_alone(opened, name):
    page = opened(name)
    until_all_show(page, 80)
    curve = "document.querySelector('[data-panel=losses] .js-line').getAttribute('d').length"
    whole = page.evaluate(curve)
    slider = page.get_by_role("slider", name="Moment of the run")
    slider.evaluate("e => (e.value = 34, e.dispatchEvent(new Event('input')))")
    until_all_show(page, 30)
    assert page.evaluate(curve) < whole and "30" in page.locator(".gs-film .gs-at").inner_text()
    page.keyboard.press("ArrowRight")
    until_all_show(page, 40)
    page.keyboard.press("Home")
    until_all_show(page, 0)
    page.locator(".gs-film .gs-speed").select_option(index=page.locator(".gs-film .gs-speed option").count() - 1)
    page.keyboard.press("Space")
    page.wait_for_selector(".gs-film[data-state=playing]")
    page.wait_for_selector(".gs-film[data-state=paused]", timeout=60_000)
    until_all_show(page, 80)


def test_a_replay_follows_the_readers_theme_and_turns_it(opened):
    page = opened("line", color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Light or dark").click()
    assert dark != page.evaluate(paper) == "rgb(255, 255, 255)"


def test_a_replays_charts_can_be_saved(opened):
    page = opened("plane")
    until_all_show(page, 80)
    page.hover("[data-panel=plane]")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Plane: save as SVG").click()
    assert saved.value.suggested_filename == "plane-0-plane-80.svg"
    drawn = ElementTree.fromstring(Path(saved.value.path()).read_text())
    dots = [path for path in drawn.iter(f"{SVG}path") if path.get("class") == "point"]
    assert len(dots) > 200  # the samples, which the page draws past Plotly


def test_a_figure_is_lines_and_letters(browser, runs, tmp_path):
    said = ["export", str(runs["line"]), "--panel", "losses"]
    assert main([*said, "--at", "50", "--to", str(tmp_path / "l.svg")]) == 0
    drawn = ElementTree.parse(tmp_path / "l.svg").getroot()
    assert not list(drawn.iter(f"{SVG}image")) and len(list(drawn.iter(f"{SVG}path"))) > 5
    words = " ".join("".join(text.itertext()) for text in drawn.iter(f"{SVG}text"))
    assert all(word in words for word in ("D loss", "G loss", "iteration", "d_opt.lr=0.001", "log 2"))
    assert main([*said, "--to", str(tmp_path / "l.png"), "--theme", "dark"]) == 0
    with Image.open(tmp_path / "l.png") as picture:
        assert picture.size == (1360, 600) and max(picture.convert("RGB").getpixel((3, 3))) < 60


def test_a_film_moves_and_its_axes_stand(browser, runs, tmp_path):
    av = pytest.importorskip("av")
    assert main(["export", str(runs["line"]), "--panel", "density", "--to", str(tmp_path / "d.mp4")]) == 0
    with av.open(str(tmp_path / "d.mp4")) as film:
        frames = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
        assert film.streams.video[0].codec_context.name == "h264"
    assert len(frames) == 9 + 32 and all(side % 2 == 0 for side in frames[0].shape)
    assert np.abs(frames[0].astype(int) - frames[8]).max() > 80
    edge = frames[0].shape[0] // 2
    assert np.abs(frames[0][edge:, :70].astype(int) - frames[8][edge:, :70]).mean() < 3  # the axis and its numbers


def test_the_menu_makes_a_replay_beside_training_and_stops_a_film(visitor):
    me = visitor(accept_downloads=True).visit().play(60)
    me.press("Share")
    with me.page.expect_download(timeout=120_000) as saved:
        me.press("Replay")
        me.page.wait_for_selector("[data-job=working]")
        before = me.iteration
        me.until(lambda: me.iteration > before, why="for the run to play on meanwhile")
    assert saved.value.suggested_filename.endswith(".html") and Path(saved.value.path()).stat().st_size > 2e6
    me.press("GIF")
    me.page.wait_for_selector("[data-job=working]")
    me.press("Stop")
    me.page.wait_for_selector("[data-job=stopped]")
    me.press("Show the code")
    said = me.page.locator("dialog pre").inner_text()
    me.press("Close")
    me.press("Pause")
    me.until(lambda: me.state == "paused")
    mine = me.server.scalars(me.run)[:30]
    out = subprocess.run([sys.executable, "-c", said, "30"], capture_output=True, text=True, check=True).stdout
    script = np.loadtxt(io.StringIO(out))
    recorded = [[float(row["d_loss"]), float(row["g_loss"])] for row in mine]
    np.testing.assert_allclose(script[:, 1:], recorded, rtol=0, atol=1e-6)


def test_the_library_offers_the_same_menu(visitor):
    me = visitor().visit().play(40)
    me.press("Pause")
    me.until(lambda: me.state == "paused")
    me.visit("/runs", panels=False)
    box = me.page.locator("[data-testid=stDataFrame]").bounding_box(timeout=60_000)
    me.page.mouse.click(box["x"] + 15, box["y"] + 55)
    menu = me.page.locator(".gs-sharing")
    menu.wait_for()
    for name in ("Copy link", "Replay", "GIF", "MP4", "Parquet", "TensorBoard", "Show the code"):
        assert menu.get_by_role("button", name=name, exact=True).is_visible()
