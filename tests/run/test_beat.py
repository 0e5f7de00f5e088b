"""Truths about when a run is looked at, by a clock that is only counted: at the beat, and never for over a twelfth of the time."""

from itertools import pairwise

import pytest

from gancore.run.beat import LOOKS, Beat

STEP = 1 / 1024  # of the clock; an iteration takes as long
FPS = 16
EVERY = 1 / FPS


class Watched:
    """A run that plays, or rests, and what it was looked at when: `(seconds, what)`."""

    def __init__(self, look=0.0, glance=0.0):
        self.beat, self.costs = Beat(), {"look": look, "glance": glance}
        self.now, self.iteration, self.done = 100.0, 0, []

    def goes_on(self, seconds, playing=True, unfinished=False):
        """Lets time pass, that of looks included, and returns what was done in it."""
        end, before = self.now + seconds, len(self.done)
        while self.now < end:
            self.iteration += playing
            if what := self.beat.due(self.now, self.iteration, playing, unfinished):
                self.done.append((self.now, what))
                self.beat.took(what, self.now, self.iteration, self.costs[what], FPS)
                self.now += self.costs[what]
            self.now += STEP
        return self.done[before:]

    def at(self, *kinds):
        return [at for at, what in self.done if what in kinds]


def gaps(at):
    return [b - a for a, b in pairwise(at)]


def test_cheap_looks_keep_to_the_beat_and_leave_no_room_for_glances():
    run = Watched(look=EVERY / (2 * LOOKS))
    run.goes_on(8)
    assert not run.at("glance") and len(run.at("look")) == 8 * FPS
    assert max(gaps(run.at("look"))) <= EVERY + 2 * STEP


def test_from_one_dear_look_to_the_next_passes_so_many_times_its_cost():
    run = Watched(look=1 / 8)
    run.goes_on(60)
    assert all(LOOKS / 8 <= gap <= LOOKS / 8 + 1 / 8 + 2 * STEP for gap in gaps(run.at("look")))


def test_glances_go_on_at_the_beat_between_dear_looks():
    run = Watched(look=1 / 8)
    run.goes_on(60)
    assert len(run.at("glance")) > 10 * len(run.at("look")) > 0
    assert max(gaps(run.at("look", "glance"))) <= EVERY + 1 / 8 + 2 * STEP  # while it looks it cannot glance
    assert len(run.done) >= 0.85 * 60 * FPS


def test_the_next_look_waits_for_what_glances_cost():
    free, paid = Watched(look=1 / 8), Watched(look=1 / 8, glance=1 / 1024)
    for run in (free, paid):
        run.goes_on(60)
    for start, end in pairwise(paid.at("look")):
        glances = sum(start < at < end for at in paid.at("glance"))
        assert glances and end - start >= LOOKS * (1 / 8 + glances / 1024)
    assert len(paid.at("look")) < len(free.at("look"))


def test_dear_glances_fall_behind_the_beat_too():
    run = Watched(look=1 / 2, glance=1 / 32)
    run.goes_on(60)
    assert len(run.at("glance")) > 20
    for start, end in pairwise(run.done):
        assert start[1] == "look" or end[0] - start[0] >= LOOKS / 32


@pytest.mark.parametrize("look", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("glance", [0.0, 0.001, 0.01])
def test_looking_never_takes_over(look, glance):
    run = Watched(look, glance)
    run.goes_on(120)
    spent = len(run.at("look")) * look + len(run.at("glance")) * glance
    assert spent <= (run.now - 100) / LOOKS + look + glance


@pytest.mark.parametrize("playing", [True, False])
def test_who_asks_is_shown_at_once_and_once(playing):
    run = Watched(look=1.0)
    assert run.goes_on(STEP, playing) == [(100.0, "look")]  # nobody has seen it yet
    run.goes_on(3 * EVERY, playing)
    run.beat.ask()
    asked = run.now
    assert [at for at, what in run.goes_on(2, playing) if what == "look"] == [asked]


def test_a_run_that_does_not_move_is_not_looked_at_again_unless_there_is_more_to_see():
    run = Watched(look=1 / 8)
    run.goes_on(5)
    assert not run.goes_on(5, playing=False)
    more = run.goes_on(5, playing=False, unfinished=True)
    assert len(more) >= 3 and {what for _, what in more} == {"look"}  # lines do not move where nothing is trained
    there = run.iteration
    assert not run.beat.due(run.now + 60, there, True, False)  # it plays, but this iteration takes long
    assert run.beat.due(run.now + 60, there + 1, True, False) == "look"
