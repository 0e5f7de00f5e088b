"""What runs share is worked out once, however many of them begin at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from gancore.config import Config
from gancore.observe.look import Fixed
from gancore.once import once


def test_threads_that_begin_at_once_share_what_the_first_works_out():
    worked, together = [], Barrier(4)

    @once(8)
    def work(about):
        worked.append(about)
        return [about]

    def ask(about):
        together.wait()
        return work(about)

    with ThreadPoolExecutor(4) as threads:
        one, other, *rest = threads.map(ask, ["a", "b", "a", "b"])
    assert sorted(worked) == ["a", "b"]
    assert rest[0] is one and rest[1] is other


def test_who_asks_for_something_else_does_not_wait():
    begun, go_on = Event(), Event()

    @once(8)
    def work(about):
        if about == "slow":
            begun.set()
            assert go_on.wait(60)
        return about

    with ThreadPoolExecutor(1) as threads:
        assert work("known") == "known"
        slow = threads.submit(work, "slow")
        assert begun.wait(60)
        assert work("other") == "other" and work("known") == "known"
        go_on.set()
        assert slow.result() == "slow"


def test_what_failed_is_tried_again():
    tries = []

    @once(8)
    def work(about):
        tries.append(about)
        if len(tries) == 1:
            raise OSError("not yet")
        return about

    with pytest.raises(OSError):
        work("a")
    assert work("a") == "a"


@pytest.mark.parametrize("name", ["two-normals", "ring", "digits", "mnist"])
def test_runs_that_begin_at_once_share_their_data_and_what_it_is_held_against(name):
    together = Barrier(2)

    def begun(seed):
        config = Config().with_("data", name).with_("seed", seed)
        together.wait()
        return Fixed(config, config.data.open())

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(begun, [1, 2])
    assert one.vitals is other.vitals
    if one.choice.page == "images":
        assert one.source is other.source and one.neighbours is other.neighbours
    else:
        assert one.reference is other.reference
