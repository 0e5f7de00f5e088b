"""Four seeds of one game are played at once: their band grows, each has its stamp, and each can be opened."""

import numpy as np

from gancore import presets
from gancore.config import Config
from gancore.train.trainer import SCALARS, Trainer

GAME = {"data": "normal", "batch": "8", "g.width": "8", "d.width": "8"}
UNTIL = 6000
STAMPS = """all => all.map(a => ({ member: a.dataset.member, state: a.dataset.state, iteration: Number(a.dataset.iteration),
    run: a.getAttribute('href').split('watch=')[1], picture: a.querySelector('img').src,
    size: [a.offsetWidth, a.offsetHeight].join() }))"""
LINES = "all => all.map(p => p.getAttribute('d'))"


def stamps(me):
    return me.page.eval_on_selector_all(".seeds-grid a", STAMPS)


def test_four_seeds_move_rest_arrive_and_open(visitor):
    me = visitor()
    link = "&".join(f"{address}={value}" for address, value in GAME.items())
    me.visit(f"/sweep?preset=line&{link}&vary=seed&values=0,1,2,3&until={UNTIL}", panels=False)
    me.press("Start these 4 runs")
    me.until(lambda: len(stamps(me)) == 4 and all(s["iteration"] > 50 for s in stamps(me)), why="for four that play")
    first = me.page.eval_on_selector_all(".js-line", LINES)
    pictures = [s["picture"] for s in stamps(me)]
    me.until(lambda: me.page.eval_on_selector_all(".js-line", LINES) != first, why="for charts that move")
    me.until(lambda: all(s["picture"] != old for s, old in zip(stamps(me), pictures)), why="for pictures that move")

    me.press("Pause all")
    me.until(lambda: {s["state"] for s in stamps(me)} <= {"paused", "finished"}, why="for all to rest")
    at = [s["iteration"] for s in stamps(me)]
    me.page.wait_for_timeout(2500)
    assert [s["iteration"] for s in stamps(me)] == at, "what is paused does not move"
    if "paused" in {s["state"] for s in stamps(me)}:
        me.press("Play all")

    me.until(lambda: {s["state"] for s in stamps(me)} == {"finished"}, seconds=150, why="for the end")
    ended = stamps(me)
    assert [s["member"] for s in ended] == [f"seed {seed}" for seed in range(4)]
    assert {s["iteration"] for s in ended} == {UNTIL} and len({s["size"] for s in ended}) == 1
    assert len({s["picture"] for s in ended}) == 4
    assert f"at iteration {UNTIL:,}; distance median" in me.page.locator(".seeds-head").inner_text()
    for seed, stamp in enumerate(ended[:2]):
        rows = me.server.scalars(stamp["run"])[:100]
        told = np.array([[row[name] for name in SCALARS] for row in rows], np.float32)
        alone = (
            Trainer(Config.from_flat(GAME, presets.load("line").config).with_("seed", seed), engine="eager")
            .advance(100)
            .numpy()
        )
        assert np.array_equal(told, alone), "a member is the run that one would get alone"

    me.page.reload()
    me.until(lambda: [s["run"] for s in stamps(me)] == [s["run"] for s in ended], why="for the same runs")
    with me.page.expect_popup() as popup:
        me.page.locator(".seeds-grid a").nth(2).click()
    popup.value.wait_for_selector("[data-panel=density]")
    assert ended[2]["run"] in popup.value.url
