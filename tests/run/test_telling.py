"""Truths about when a run's status is told, by a clock that is only counted."""

from dataclasses import replace

import pytest

from gancore.run.messages import Status
from gancore.run.telling import PULSE, Telling

AT = Status("run", 0, "playing", "", 10, 10, 10, [], False, None, {})
ON = replace(AT, iteration=20, d_updates=20, g_updates=20, kept={"kept": 2})


def test_counts_alone_are_told_once_a_second_while_it_plays():
    telling = Telling()
    assert telling.fresh(AT, 100.0) is AT
    assert telling.fresh(ON, 100.0 + 0.9 * PULSE) is None and telling.last is AT
    assert telling.fresh(ON, 100.0 + PULSE) is ON
    assert (
        telling.fresh(replace(ON, iteration=30), 100.0 + 1.9 * PULSE) is None
    )  # a second since the last, not the first


def test_what_was_said_is_not_said_again_however_long_ago():
    telling = Telling()
    for status in (AT, replace(AT, state="paused")):
        assert telling.fresh(status, 100.0) and telling.fresh(status, 500.0) is None


@pytest.mark.parametrize(
    "news", [dict(state="finished"), dict(detail="why"), dict(events=[(20, "batch=16")]), dict(epoch=1)], ids=str
)
def test_anything_else_is_told_at_once_with_the_counts_of_now(news):
    telling = Telling()
    telling.fresh(AT, 100.0)
    said = replace(ON, **news)
    assert telling.fresh(said, 100.0) is said


def test_a_run_that_rests_tells_its_counts_at_once():
    telling = Telling()
    telling.fresh(replace(AT, state="paused"), 100.0)
    assert telling.fresh(replace(ON, state="paused"), 100.0)  # after one step
