"""A visitor looks back: one slider moves every panel, the run plays on meanwhile, and any moment can be played on from."""

import re


def slide(visitor, share):
    """Moves the slider to this share of the run so far, as a hand would. Returns the iteration that it now stands at."""
    act = "(e, share) => (e.value = Math.round(e.max * share), e.dispatchEvent(new Event('input')), Number(e.value))"
    return visitor.page.get_by_role("slider", name="Look back").evaluate(act, share)


def mode(visitor):
    return visitor.page.get_attribute(".gs-scrub", "data-scrub")


def settled(visitor):
    """The one moment that all panels show, once they agree."""
    return next(iter(shown)) if len(shown := set(visitor.shown().values())) == 1 else None


def test_every_panel_goes_back_while_the_run_plays_on_and_live_is_now_again(visitor):
    me = visitor().visit().play(200)
    asked = slide(me, 0.25)
    me.until(lambda: mode(me) == "back" and (settled(me) or 1e9) <= asked, why="for all panels to show the past")
    before = me.iteration
    me.until(lambda: me.iteration > before, why="for the run to play on")
    assert settled(me) <= asked and me.state == "playing"
    me.press("Live")
    me.until(lambda: (settled(me) or 0) > before, why="for now")
    assert mode(me) == "live"


def test_keys_go_from_frame_to_frame_and_the_past_plays_itself(visitor):
    me = visitor().visit().play(100)
    me.press("Pause")
    me.until(lambda: me.state == "paused" and settled(me), why="for the run to rest")
    end, trained = settled(me), me.iteration
    me.page.get_by_role("slider", name="Look back").focus()
    me.page.keyboard.press("Home")
    me.until(lambda: settled(me) == 0, why="for the untrained state")
    me.page.keyboard.press("ArrowRight")
    me.until(lambda: settled(me) == 1, why="for the first iteration")
    me.page.get_by_label("Speed of playing back").select_option("64")
    me.press("Play back")
    me.until(lambda: settled(me) == end, why="for the past to play to its end")
    me.page.keyboard.press("Escape")
    me.until(lambda: mode(me) == "live")
    assert me.iteration == trained  # nothing was trained by looking


def test_a_fork_plays_on_from_the_moment_shown_with_its_past(visitor):
    me = visitor().visit().play(150)
    me.press("Pause")
    me.until(lambda: me.state == "paused")
    parent = me.run
    slide(me, 0.5)
    me.until(lambda: mode(me) == "back" and settled(me), why="for the past")
    at = settled(me)
    me.press("Fork from here")
    me.until(lambda: me.page.locator(".gs-note").inner_text().startswith("Forked at"), why="for the fork")
    assert me.run != parent and me.iteration == at
    assert not me.page.locator(".gs-sketch").count()  # the charts themselves go on, not what stands in for them
    me.play(at + 30)
    me.press("Pause")
    me.until(lambda: me.state == "paused")
    mine, others = me.server.scalars(me.run), me.server.scalars(parent)
    both = min(len(mine), len(others))
    assert both > at and mine[:both] == others[:both]


def test_the_library_opens_a_run_whose_page_has_long_been_left(visitor):
    me = visitor().visit().play(60)
    me.press("Pause")
    me.until(lambda: me.state == "paused")
    run = me.run
    guest = visitor().visit(f"/?watch={run}-0")
    guest.until(lambda: settled(guest), why="for the recording's last frame")
    # Its writer is still there: the run rests, and may go on.
    said = guest.page.locator(".gs-note").inner_text()
    assert guest.state in ("playing", "paused") and ("is being recorded" in said or "No news since" in said)
    slide(guest, 0.0)
    guest.until(lambda: settled(guest) == 0, why="for its first")
    guest.press("Fork from here")
    guest.until(lambda: guest.state == "paused", why="for a run of the guest's own")
    guest.play(20)
    assert re.search(r"[?&]data=two-normals", guest.page.url)
