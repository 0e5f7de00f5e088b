"""A visitor comes back to an address: what was played of it before is offered in a line, and forced on nobody."""

from contextlib import closing
from hashlib import sha256

from dashboard.state import COOKIE
from gancore.record.recording import Recording
from tests.dashboard.recorded import recorded
from tests.e2e.app import Visitor

STEPS = 60


def again(me, address):
    """A new tab of the same browser, at this address."""
    context = me.page.context
    me.page.close()
    return Visitor(context.new_page(), me.server).visit(address)


def offer(me):
    return me.page.locator(".gs-earlier")


def played(me, seed):
    """Plays a run to its end. Returns its address and id."""
    me.visit(f"/line?seed={seed}&until={STEPS}&changes=20:batch=64")
    assert offer(me).is_hidden()
    me.press("Play")
    me.until(lambda: me.state == "finished")
    me.until(lambda: "20%3Abatch" in me.page.url or "20:batch" in me.page.url)
    return me.page.url, me.run


def test_a_run_that_is_still_live_can_be_gone_back_to(visitor):
    me = visitor()
    address, run = played(me, 71)
    me = again(me, address)
    offer(me).wait_for()
    assert me.run != run and f"still here, at iteration {STEPS}" in offer(me).inner_text()
    me.press("Go back to it")
    me.until(lambda: me.run == run and set(me.shown().values()) == {STEPS}, why="for the run itself")
    me.until(lambda: not me.page.locator(".gs-sketch").count(), why="for charts in the place of sketches")
    me.until(lambda: me.page.url == address and offer(me).is_hidden(), why="for its own address")


def test_who_plays_the_new_run_is_offered_the_old_one_no_longer_and_nothing_moves(visitor):
    me = visitor()
    address, _ = played(me, 72)
    me = again(me, address)
    offer(me).wait_for()
    top = me.page.locator("[data-panel=health]").bounding_box()["y"]
    me.press("Step")
    me.until(lambda: me.iteration == 1)
    offer(me).wait_for(state="hidden")
    assert me.page.locator("[data-panel=health]").bounding_box()["y"] == top


def test_the_offer_is_gone_with_the_settings_and_nobody_else_has_it(visitor):
    me = visitor()
    address, _ = played(me, 73)
    other = visitor().visit(address)
    me = again(me, address)
    offer(me).wait_for()
    me.slide("learning rate", ["ArrowRight"])
    offer(me).wait_for(state="hidden")
    assert offer(other).is_hidden()


def test_a_recording_can_be_looked_at_or_played_on(visitor, server):
    me = visitor().visit("/line")
    cookie = next(one["value"] for one in me.page.context.cookies() if one["name"] == COOKIE)
    path = recorded(server.home / "runs" / "long-ago-0.sqlite", "failure-dropped-modes", STEPS, 10)
    with closing(Recording.open(path)) as recording:
        recording.tell("owner", sha256(cookie.encode()).hexdigest()[:32])
    me = again(me, f"/line?preset=failure-dropped-modes&changes={STEPS // 2}:d_opt.lr=0.001")
    offer(me).wait_for()
    assert f"very settings, at iteration {STEPS}" in offer(me).inner_text()
    assert me.page.get_by_role("link", name="Look at it").get_attribute("href") == "./?watch=long-ago-0"
    me.press("Go on from there")
    me.until(lambda: me.iteration == STEPS, why="for the fork")
    me.play(STEPS + 5)
