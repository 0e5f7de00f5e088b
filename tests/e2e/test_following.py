"""Another process trains with `watch`, and the page follows it: live, back and now again, and to its end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.app import Visitor, serving
from tests.e2e.test_looking_back import mode, settled, slide

ROOT = Path(__file__).parents[2]
LOOP = """
import sys, time, torch
from torch import nn
from torch.nn.functional import softplus
from gancore import watch
torch.set_num_threads(1)
real = torch.rand(300, 1, 8, 8)
G = nn.Sequential(nn.Linear(8, 64), nn.Sigmoid(), nn.Unflatten(1, (1, 8, 8)))
D = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
opt_g, opt_d = torch.optim.Adam(G.parameters(), 1e-3), torch.optim.Adam(D.parameters(), 1e-3)
run = watch("my-gan", generator=G, discriminator=D, noise=lambda n: torch.randn(n, 8), real=real, folder=sys.argv[1])
while sys.argv[2] not in [p.name for p in __import__("pathlib").Path(sys.argv[1]).iterdir()]:
    on_real, on_fake = D(real[:64]), D(G(torch.randn(64, 8)).detach())
    loss = (softplus(-on_real) + softplus(on_fake)).mean()
    opt_d.zero_grad(); loss.backward(); opt_d.step(); run.d_step(loss, on_real, on_fake)
    loss = softplus(-D(G(torch.randn(64, 8)))).mean()
    opt_g.zero_grad(); loss.backward(); opt_g.step(); run.g_step(loss)
    time.sleep(0.01)
run.close()
"""


def train(folder):
    return subprocess.Popen([sys.executable, "-c", LOOP, str(folder), "enough"], cwd=ROOT)


@pytest.fixture
def following(browser, tmp_path):
    """A visitor of a server that follows a folder in which there is nothing yet."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    with serving(tmp_path, "--", "--follow", str(folder)) as server:
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.set_default_timeout(120_000)
        me, loops = Visitor(context.new_page(), server), []
        yield me, folder, lambda: loops.append(train(folder)) or loops[-1]
        for loop in loops:
            loop.kill()
            loop.wait()
        context.close()


def note(me):
    return me.page.locator(".gs-note").inner_text()


def test_a_loop_in_another_process_is_followed_to_its_end(following):
    me, folder, start = following
    me.visit("/", panels=False)
    me.page.get_by_text("Nothing is recorded in").wait_for()
    start()
    me.page.wait_for_selector("[data-panel=samples][data-iteration]")
    me.until(lambda: me.state == "playing" and me.iteration > 20, why="for the run to be live")
    assert {"health", "samples", "pca", "losses", "scores", "gradients"} == me.shown().keys()
    before = me.shown()["samples"]
    me.until(lambda: me.shown()["samples"] > before, why="for new samples")
    slide(me, 0.0)
    me.until(lambda: mode(me) == "back" and settled(me) == 0, why="for its beginning")
    before = me.iteration
    me.until(lambda: me.iteration > before, why="for the loop to go on meanwhile")
    me.press("Live")
    me.until(lambda: mode(me) == "live" and (settled(me) or 0) > 0, why="for now")
    assert me.page.get_by_role("button", name="Fork from here").count() == 0
    (folder / "enough").touch()
    me.until(lambda: me.state == "finished", why="for the loop to end")
    assert "“my-gan”, a recording of" in note(me)


def test_a_loop_that_is_killed_is_shown_as_cut_off_and_stands_so_in_the_library(following):
    me, _, start = following
    loop = start()
    me.visit("/follow", panels=False)
    me.page.wait_for_selector("[data-panel=samples][data-iteration]")
    me.until(lambda: me.state == "playing")
    os.kill(loop.pid, signal.SIGKILL)
    loop.wait()
    me.until(lambda: me.state == "failed", why="for the page to hear of it")
    assert "as if killed" in note(me)
    me.visit("/?watch=my-gan", panels=False)
    me.page.wait_for_selector("[data-panel=samples][data-iteration]")
    assert me.state == "failed"
