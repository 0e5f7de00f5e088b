"""Runs stand side by side: they play in step, one slider moves all of them, and what differs is said."""

import re
import time

import pytest

from tests.e2e.app import HOLD, LET_GO

LANES = """all => Object.fromEntries(all.map(h => [h.dataset.lane, {
    run: h.dataset.run, state: h.dataset.laneState, iteration: Number(h.dataset.iteration), d: Number(h.dataset.dUpdates),
    said: h.querySelector('.gs-lane-note').textContent,
}]))"""
SLIDE = "(e, at) => (e.value = at, e.dispatchEvent(new Event('input')))"


def lanes(visitor):
    return visitor.page.eval_on_selector_all(".gs-lane-head", LANES)


def of(visitor, what):
    return [lane[what] for lane in lanes(visitor).values()]


def slide(visitor, at, until, why):
    """Moves the slider until this holds, as a hand would that sees it not hold: it may just be on its way to another clock."""

    def there():
        end = time.monotonic() + 2
        visitor.page.get_by_role("slider", name="Look back").evaluate(SLIDE, at)
        while not until() and time.monotonic() < end:
            visitor.page.wait_for_timeout(40)
        return until()

    visitor.until(there, why=why)


def differences(visitor):
    return [re.split(r"\s+", row.strip()) for row in visitor.page.locator(".differences tr").all_inner_texts()[1:]]


def drawn(visitor):
    """The iteration that each lane's own panels show, and the letters on the lines they have in common."""
    own = visitor.page.eval_on_selector_all(
        ".gs-lane [data-panel=density]", "all => all.map(p => Number(p.dataset.iteration ?? -1))"
    )
    letters = visitor.page.eval_on_selector_all(
        "[data-panel=losses-abreast] .textpoint text", "all => all.map(t => t.textContent)"
    )
    return own, sorted(set(letters))


@pytest.fixture
def pair(visitor):
    """Two runs, one knob apart, that were started together, have played and rest."""
    me = visitor().visit("/line")
    me.page.get_by_role("button", name="A/B: one knob apart").click()
    knob = me.page.get_by_role("combobox", name="Knob")
    knob.click()
    knob.fill("dynamics.k")
    me.page.get_by_role("option", name="dynamics.k = 1").click()
    me.page.get_by_placeholder("A whole number from 1 to 50").fill("5")
    me.page.keyboard.press("Enter")
    me.press("Start both")
    me.until(lambda: len(lanes(me)) == 2 and min(of(me, "iteration")) >= 40, why="for both to play")
    return me


def rest(me):
    me.press("Pause")
    me.until(lambda: of(me, "state") == ["paused", "paused"], why="for both to rest")


def test_two_runs_play_in_step_and_one_slider_moves_both(pair):
    me = pair
    assert differences(me) == [["dynamics.k", "1", "5"]]
    me.until(lambda: min(of(me, "iteration")) >= 400, why="for what would part them if nothing held them")
    seen = [(time.monotonic(), of(me, "iteration")) for _ in range(20) if not me.page.wait_for_timeout(50)]
    (began, first), (ended, last) = seen[0], seen[-1]
    speed = (max(last) - max(first)) / (ended - began)
    apart = sorted(max(now) - min(now) for _, now in seen)[10]
    assert apart <= 10 + speed / 2  # what they play in half a second
    rest(me)
    me.until(lambda: len(set(of(me, "iteration"))) == 1, why="for both to rest at one iteration")
    end = of(me, "iteration")[0]
    me.until(lambda: drawn(me) == ([end, end], ["A", "B"]), why="for the panels")
    slide(me, 8, lambda: of(me, "iteration") == [8, 8] and drawn(me)[0] == [8, 8], why="for the past")
    assert of(me, "d") == [8, 40]
    me.page.get_by_role("button", name="D updates").click()
    me.until(lambda: "clock=d_updates" in me.page.url, why="for the clock")
    slide(me, 10, lambda: of(me, "d") == [10, 10], why="for ten updates of each D")
    assert of(me, "iteration") == [10, 2]
    me.page.get_by_role("button", name="Iteration", exact=True).click()
    me.until(lambda: "clock=iteration" in me.page.url, why="for the clock")
    me.press("Live")
    me.until(lambda: of(me, "iteration") == [end, end], why="for now")


def test_a_run_that_plays_waits_for_the_fork_beside_it(visitor):
    me = visitor().visit("/line").play(60)
    me.press("beside it")
    me.until(lambda: of(me, "state") == ["paused", "paused"], why="for both to stand")
    me.press("Play")
    me.until(lambda: of(me, "state") == ["playing", "playing"], why="for both to play")


def test_play_is_heard_by_both_though_their_connections_open_late(visitor):
    me = visitor()
    me.page.add_init_script(HOLD)
    me.visit("/line").page.evaluate(LET_GO)
    me.play(60)
    me.page.evaluate("held = []")
    me.press("beside it")
    me.until(lambda: len(lanes(me)) == 2, why="for both to be shown")
    me.press("Play")
    me.page.evaluate(LET_GO)
    me.until(lambda: of(me, "state") == ["playing", "playing"], why="for both to play")


def test_a_fork_stands_beside_its_parent_and_is_the_same_until_its_knob_is_turned(visitor):
    me = visitor().visit("/line").play(120)
    me.press("Pause")
    me.until(lambda: me.state == "paused")
    parent = me.run

    def back():
        return me.page.get_attribute(".gs-scrub", "data-scrub") == "back" and set(me.shown().values()) == {9}

    slide(me, 9, back, why="for the past")
    me.press("beside it")
    me.until(lambda: len(lanes(me)) == 2 and of(me, "iteration") == [9, 9], why="for both at the fork")
    assert of(me, "run")[0] == parent
    me.until(lambda: me.page.get_by_text("B is a fork of A").count() == 1)
    child = of(me, "run")[1]
    me.page.get_by_role("button", name="Turn a knob").click()
    me.press("Turn it")
    me.until(lambda: [row[0] for row in differences(me)] == ["d_opt.lr"], why="for the knob that differs")
    assert differences(me)[0][-2:] == ["at", "9"]
    me.page.keyboard.press("Escape")
    me.press("Play")

    def in_step():  # the parent is shown where its fork is
        parent, fork = of(me, "iteration")
        return fork >= 60 and parent <= fork + 60

    me.until(in_step, why="for the fork to play")
    me.page.get_by_role("button", name="Pause", exact=True).click()
    me.until(lambda: "playing" not in of(me, "state"))
    mine, others = me.server.scalars(child), me.server.scalars(parent)
    assert mine[:9] == others[:9] and mine[11:50] != others[11:50]


def test_a_link_shows_recordings_to_anybody_who_cannot_steer_them(pair, visitor):
    rest(pair)
    runs = of(pair, "run")
    guest = visitor().visit(f"/compare?runs={runs[0]},{runs[1]}", panels=False)
    guest.until(lambda: len(lanes(guest)) == 2 and min(of(guest, "iteration")) > 0, why="for both")
    assert guest.page.get_by_role("button", name="Play", exact=True).count() == 0
    assert guest.page.get_by_role("button", name="Turn a knob").count() == 0
    slide(guest, 5, lambda: of(guest, "iteration") == [5, 5], why="for the past")
    guest.visit("/compare?runs=nothing", panels=False)
    guest.until(lambda: guest.page.get_by_text("No run or recording is called nothing").count() == 1)
    guest.until(lambda: guest.page.get_by_role("button", name="Show side by side").count() == 1, why="for a way on")


def test_a_cure_is_applied_to_a_fork_and_says_what_should_come_of_it_by_when(visitor):
    me = visitor().visit("/line?preset=failure-blind&play=1")
    me.page.wait_for_selector(".gs-cure")
    change = me.page.locator(".gs-verdict-body code").inner_text()
    parent = me.run
    me.page.locator(".gs-cure").click()
    me.until(lambda: len(lanes(me)) == 2 and lanes(me)["B"]["iteration"] > 0, why="for the fork")
    assert lanes(me)["A"]["run"] == parent
    assert lanes(me)["B"]["said"].startswith(f"{change} since") and "Expected:" in lanes(me)["B"]["said"]
    me.until(lambda: [row[0] for row in differences(me)] == [change.split("=")[0]], why="for the knob that differs")
    me.until(lambda: "playing" in of(me, "state"), why="for it to play")
