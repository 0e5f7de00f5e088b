"""Truths about wishes: what may act does, what has to wait waits, and whoever does a script again comes to the same settings."""

import pytest

from gancore.config import Config
from gancore.run.wishes import adopted, in_force, script, turns
from tests.run.tiny import TINY

SGD = Config.from_flat({"d_opt": "sgd", "d_opt.lr": 0.5, "d_opt.momentum": 0.3}, TINY)
WISHES = {
    "one knob": TINY.with_("d_opt.lr", 0.02),
    "another choice with its knobs": SGD,
    "what has to wait": TINY.with_("g.width", 16),
    "both": SGD.with_("g.width", 16).with_("batch", 16),
}


def done(config, changes):
    for change in changes:
        address, _, value = change.partition("=")
        config = config.with_(address, value) if address != "step" else config
    return config


def test_what_waits_for_a_restart_does_not_act():
    wanted = TINY.with_("g.width", 16).with_("batch", 16)
    assert in_force(TINY, wanted) == TINY.with_("batch", 16)
    assert in_force(wanted, wanted) == wanted


@pytest.mark.parametrize("before", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize("wanted", WISHES.values(), ids=WISHES)
def test_the_turns_lead_from_what_acted_to_what_acts(before, wanted):
    changes = turns(TINY, before, wanted)
    assert done(in_force(TINY, before), changes) == in_force(TINY, wanted)
    assert bool(changes) == (in_force(TINY, before) != in_force(TINY, wanted))


def test_a_knob_that_its_choice_brings_along_is_not_told_again():
    assert turns(TINY, TINY, TINY.with_("d_opt", "sgd")) == ["d_opt=sgd"]
    assert turns(TINY, TINY, SGD) == ["d_opt=sgd", "d_opt.lr=0.5", "d_opt.momentum=0.3"]


def test_what_was_planned_becomes_a_wish_when_it_happens_and_nothing_else_does():
    planned = [(5, "batch=16"), (7, "step=d"), (9, "d_opt.lr=0.02")]
    assert adopted(TINY, planned[:2], planned) == TINY.with_("batch", 16)
    assert adopted(TINY, [(5, "batch=32")], planned) == TINY
    assert adopted(TINY, [(6, "batch=16")], planned) == TINY


def test_a_wish_for_the_next_start_stays_where_it_stands_in_the_way_of_a_plan():
    planned = [(5, "d_opt.beta1=0.1"), (9, "batch=16")]
    assert adopted(SGD, planned, planned) == SGD.with_("batch", 16)


def test_an_heir_does_what_was_done_then_what_nobody_answered_then_what_is_planned():
    planned = [(5, "batch=16"), (90, "g_opt.lr=0.02")]
    past = [(5, "batch=16"), (8, "step=d"), (10, "d_opt.lr=0.02")]
    wanted = done(TINY, ["batch=16", "d_opt.lr=0.05"]).with_("g.width", 16)
    for iteration, now in ((30, 30), (9, 10)):  # its frames may lag behind its events
        whole = script(TINY, wanted, past, planned, iteration)
        assert whole == [*past, (now, "d_opt.lr=0.05"), planned[1]]
    assert done(TINY, [what for _, what in whole[:-1]]) == in_force(TINY, wanted)
