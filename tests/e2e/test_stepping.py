"""A visitor goes through one iteration stage by stage, by key and by button, and the run goes on from there."""

import pytest

from tests.e2e.test_play import counts


def stage(me):
    return me.page.locator(".gs-chips [aria-current]").inner_text()


def sentence(me):
    return me.page.locator(".gs-told").inner_text()


@pytest.mark.parametrize("page", ["plane", "line", "images"])
def test_slow_motion_by_key_goes_through_every_stage_and_finishes_the_iteration(visitor, page):
    me = visitor().visit(f"/{page}?dynamics=alternating")
    me.until(lambda: me.shown() and set(me.shown().values()) == {0})
    assert me.page.locator(".gs-slow").is_hidden()
    me.page.locator("[data-panel=losses] h3").click()
    me.page.keyboard.press("s")
    me.page.locator(".gs-slow").wait_for()
    me.until(lambda: stage(me) == "Draw")
    said = []
    for name in ("Generate", "D scores", "D loss", "D gradient", "D update"):
        me.page.keyboard.press("ArrowRight")
        me.until(lambda: stage(me) == name)  # noqa: B023
        said.append(sentence(me))
    assert len(set(said)) == 5 and counts(me) == (0, 1, 0)
    me.page.keyboard.press("ArrowLeft")
    me.until(lambda: stage(me) == "D gradient" and counts(me) == (0, 0, 0))
    for name in ("D update", "Draw", "Generate", "D scores", "G loss", "G gradient", "G update"):
        me.page.keyboard.press("ArrowRight")
        me.until(lambda: stage(me) == name)  # noqa: B023
    me.until(lambda: counts(me) == (0, 1, 1))
    me.page.keyboard.press("ArrowRight")
    me.until(lambda: counts(me) == (1, 1, 1) and stage(me) == "Draw")
    me.page.keyboard.press("s")
    me.page.locator(".gs-slow").wait_for(state="hidden")
    me.until(lambda: counts(me) == (2, 2, 2) and len(me.server.scalars(me.run)) == 2)
    shown = me.server.scalars(me.run)
    plain = visitor().visit(f"/{page}?dynamics=alternating")
    plain.press("Step")
    plain.until(lambda: counts(plain) == (1, 1, 1))
    plain.press("Step")
    plain.until(lambda: counts(plain) == (2, 2, 2) and len(plain.server.scalars(plain.run)) == 2)
    assert plain.server.scalars(plain.run) == shown


def test_slow_motion_goes_on_by_itself_ends_with_play_and_is_seen_by_who_watches(visitor):
    me = visitor().visit("/plane").play(10)
    me.press("Slow motion")
    me.until(lambda: me.state == "paused" and me.page.locator(".gs-slow").is_visible())
    student = visitor().visit(f"/?watch={me.run}")
    student.page.locator(".gs-slow").wait_for()
    assert student.page.get_by_role("button", name="Auto").count() == 0
    first = stage(me)
    me.press("Auto")
    me.until(lambda: stage(me) != first, why="for a stage to follow by itself")
    lit = me.page.locator(".gs-node.gs-lit canvas").first
    drawn = "c => new Uint8Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).some(Boolean)"
    me.until(lambda: lit.evaluate(drawn))
    me.press("Play")
    me.page.locator(".gs-slow").wait_for(state="hidden")
    me.until(lambda: me.state == "playing")
