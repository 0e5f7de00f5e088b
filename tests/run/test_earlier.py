"""Truths about coming back: a run of the very same settings is found again, live or recorded, by who made it alone."""

import pytest

from gancore.run.earlier import earlier, offer, offered
from gancore.run.pace import Pace
from tests.run.tiny import TINY, until

HERS = TINY.with_("seed", 41)
CHANGES = [(20, "d_opt.lr=0.02"), (60, "batch=16")]


@pytest.fixture
def opened(hub):
    """Opens runs of one browser, plays them to their end, and takes all that are left off the hub."""
    runs = []

    def opening(until_=0, config=HERS, changes=(), owner="me"):
        run = hub.open(config, Pace(until=until_), list(changes), owner=owner)
        runs.append(run)
        until(lambda: not run.loading)
        if until_:
            run.play()
            until(lambda: run.state == "finished")
        return run

    yield opening
    for run in runs:
        hub.forget(run)


def test_a_run_that_is_live_is_found_itself_and_later_its_recording(hub, opened):
    old, new = opened(50), opened()
    assert earlier(hub, new) is old
    hub.forget(old)
    until(lambda: (found := earlier(hub, new)) and found.state == "finished")
    assert earlier(hub, new).path == old.path and earlier(hub, new).iteration == 50


def test_the_one_that_came_furthest_is_found_and_one_that_was_never_played_is_not(hub, opened):
    config = HERS.with_("seed", 42)
    opened(0, config), opened(30, config)
    far = opened(80, config)
    assert earlier(hub, opened(0, config)) is far
    assert earlier(hub, opened(0, config.with_("seed", 43))) is None


def test_nobody_is_offered_the_run_of_somebody_else(hub, opened):
    config = HERS.with_("seed", 44)
    old = opened(30, config, owner="somebody")
    assert earlier(hub, opened(0, config)) is None and earlier(hub, opened(0, config, owner="")) is None
    hub.forget(old)
    assert earlier(hub, opened(0, config)) is None


def test_what_was_changed_on_the_way_belongs_to_the_settings(hub, opened):
    config = HERS.with_("seed", 45)
    old = opened(50, config, CHANGES)  # of its second change it never came to know
    for recorded in (False, True):
        if recorded:
            hub.forget(old)
        assert earlier(hub, opened(0, config, CHANGES)).path == old.path
        assert earlier(hub, opened(0, config, CHANGES[:1])).path == old.path
        assert earlier(hub, opened(0, config)) is None
        assert earlier(hub, opened(0, config, [*CHANGES[:1], (40, "batch=16")])) is None


def test_what_is_offered_is_what_is_found_live_or_recorded_however_far_others_came_since(hub, opened):
    config = HERS.with_("seed", 46)
    old, new = opened(30, config), opened(0, config)
    assert offered(hub, new) is None
    offer(hub, new)
    assert new.status()[1]["earlier"] == {"name": old.path.stem, "iteration": 30, "live": True}
    opened(60, config)
    assert offered(hub, new) is old
    hub.forget(old)
    until(lambda: (found := offered(hub, new)) and found.state == "finished")
    assert (offered(hub, new).path, offered(hub, new).key) == (old.path, "")


def test_an_offer_that_does_not_hold_any_more_is_not_taken_and_can_be_withdrawn(hub, opened):
    config = HERS.with_("seed", 47)
    old, new = opened(30, config), opened(0, config)
    offer(hub, new)
    old.want(config.with_("d_opt.lr", 0.02))
    until(lambda: old.events)
    assert offered(hub, new) is None
    offer(hub, new)
    assert new.status()[1]["earlier"] == {}


def test_a_recording_that_was_deleted_is_offered_no_longer(hub, opened):
    config = HERS.with_("seed", 48)
    old, new = opened(30, config), opened(0, config)
    offer(hub, new)
    hub.forget(old)
    until(lambda: (found := offered(hub, new)) and found.state == "finished")
    old.path.unlink()
    assert offered(hub, new) is None


def test_other_settings_take_the_offer_back(hub, opened):
    config = HERS.with_("seed", 49)
    opened(30, config)
    new = opened(0, config)
    offer(hub, new)
    new.want(config.with_("batch", 16))
    assert new.earlier == {} and offered(hub, new) is None
