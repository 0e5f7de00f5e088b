"""Truths about slow motion in a worker: what is shown stage by stage is the very iteration that is played then."""

import numpy as np
import pytest

from gancore.run import messages
from gancore.train.trainer import Trainer
from tests.run.tiny import TINY


def slowly(hosting, which, times=1):
    """The run in slow motion after that many orders, as its observer has it."""
    for _ in range(times):
        hosting.say(messages.Slow("run", which))
    return hosting.run("run").observer.slow


@pytest.mark.parametrize("dynamics", ["alternating", "simultaneous", "extragradient"])
def test_an_iteration_in_slow_motion_is_the_iteration(hosting, dynamics):
    config = TINY.with_("dynamics", dynamics)
    alone = Trainer(config).advance(4).numpy()
    hosting.open("run", config, playing=False)
    hosting.rounds(lambda: hosting.run("run").trainer)
    stages = slowly(hosting, "next").stages
    assert hosting.run("run").trainer.iteration == 0
    assert slowly(hosting, "next", len(stages) - 1).at == len(stages) - 1
    assert slowly(hosting, "back", 3).at == len(stages) - 4 and hosting.run("run").trainer.iteration == 0
    assert slowly(hosting, "next", 4).at == 0  # past the last one: played, and on with the next
    assert hosting.run("run").trainer.iteration == 1
    assert slowly(hosting, "next") and slowly(hosting, "leave") is None
    slowly(hosting, "next", 5)
    hosting.say(messages.Step("run", "both"))  # what was shown is what is played
    slowly(hosting, "next", 2)
    hosting.say(messages.Play("run"))
    hosting.plays("run", 4)
    assert np.array_equal(hosting.recorded("run")[1][:4], alone)


def test_a_knob_turned_in_slow_motion_shows_the_iteration_that_it_leads_to(hosting):
    hosting.open("run", playing=False)
    hosting.rounds(lambda: hosting.run("run").trainer)
    before = slowly(hosting, "next", 6)
    hosting.say(messages.Change("run", ["d_opt.lr=0.1"]))
    after = hosting.run("run").observer.slow
    assert after.at == before.at == 5 and after.stage.step > 2 * before.stage.step
    hosting.say(messages.Change("run", ["dynamics=simultaneous"]))
    assert len(hosting.run("run").observer.slow.stages) == 12
    hosting.say(messages.Step("run", "d"))
    state = hosting.run("run").trainer.state
    assert (state.iteration, state.d_updates, state.g_updates) == (1, 2, 1) and slowly(hosting, "leave") is None


def test_planned_changes_act_before_their_iteration_is_shown(hosting):
    hosting.open("run", changes=[(0, "dynamics.k=3")], playing=False)
    hosting.rounds(lambda: hosting.run("run").trainer)
    assert len(slowly(hosting, "next").stages) == 24
