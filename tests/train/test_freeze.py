"""A frozen player stands still, whoever moves the game and however: its weights, moments and counter; its loss is told."""

import numpy as np
import pytest
import torch

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.observe.look import Fixed, Look
from gancore.observe.probes.line import density
from gancore.train.dynamics import dynamics
from gancore.train.state import State
from gancore.train.trainer import Event, Trainer

SMALL = Config.from_flat({"batch": 16, "g.width": 8, "d.width": 8, "seed": 2})


def parts(state, who):
    """All that a player is made of, by name."""
    own = {n: t for n, t in state.tensors().items() if n == who or n.startswith((f"{who}_", f"memory.penalty.{who}"))}
    return own | {"updates": torch.tensor(getattr(state, f"{who}_updates"))}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("who, other", ["dg", "gd"])
@pytest.mark.parametrize("name", dynamics)
def test_a_frozen_player_is_bit_identical_whatever_the_dynamics_and_the_other_one_moves(name, who, other):
    trainer = Trainer(SMALL.with_("dynamics", name))
    trainer.advance(7)  # moments, counters and what the dynamics keep in mind have begun
    trainer.apply(f"frozen={who}")
    before = trainer.state.fork()
    rows = trainer.advance(50)
    assert same(parts(before, who), parts(trainer.state, who))
    assert not torch.equal(getattr(before, other), getattr(trainer.state, other))
    assert rows.isfinite().all() and (rows.std(0) > 0).all()  # every loss and gradient is still computed
    assert trainer.iteration == 57 and trainer.events == [Event(7, f"frozen={who}")]
    trainer.apply("frozen=none")
    trainer.advance(5)
    assert not torch.equal(getattr(before, who), getattr(trainer.state, who))


OWN = [
    {"data": "digits", "noise.dim": 4, "d": "dcgan", "g": "dcgan"},
    {"constraint": "spectral-norm"},
    {"penalty": "historical-averaging"},
]


@pytest.mark.parametrize("settings", OWN)
def test_statistics_and_memories_of_a_frozen_player_stand_still_too(settings):
    trainer = Trainer(Config.from_flat({"batch": 8, **settings}))
    trainer.advance(2)
    for who in "dg":
        trainer.apply(f"frozen={who}")
        before = trainer.state.fork()
        trainer.advance(3)
        trainer.apply(f"step={'g' if who == 'd' else 'd'}")
        assert same(parts(before, who), parts(trainer.state, who))


def test_freezing_on_the_way_goes_on_bit_for_bit_from_a_checkpoint():
    events = (Event(20, "frozen=g"), Event(45, "frozen=d"), Event(60, "frozen=none"))
    whole = Trainer(SMALL, planned=events)
    rows = whole.advance(80)
    first = Trainer(SMALL, planned=events[:1])
    first.advance(30)
    kept = State.from_tensors(first.state.tensors())
    again = Trainer(SMALL.with_("frozen", "g"), state=kept, planned=events[1:])
    assert torch.equal(again.advance(50), rows[30:])
    assert same(again.state.tensors(), whole.state.tensors())


def test_a_frozen_player_takes_no_single_step_and_says_so():
    trainer = Trainer(SMALL.with_("frozen", "g"))
    with pytest.raises(BadKnob, match="G is frozen; set frozen to none"):
        trainer.apply("step=g")
    with pytest.raises(BadKnob, match="G is frozen"):
        Trainer(SMALL, planned=(Event(3, "frozen=g"), Event(5, "step=g")))
    trainer.apply("step=d")
    assert (trainer.state.d_updates, trainer.state.g_updates) == (1, 0)


def test_with_g_frozen_d_goes_to_the_best_d_there_is():
    settings = {"data": "normal", "data.mean": 1, "data.std": 1, "d.width": 32, "d_opt.lr": 0.003, "batch": 1024}
    config = Config.from_flat(settings | {"frozen": "g", "d.activation": "tanh", "d_opt.beta1": 0.9})
    trainer = Trainer(config)
    fixed = Fixed(config, trainer.game.source)

    def away():
        seen = density(Look(trainer, fixed, None, {}))
        weight = np.exp(fixed.log_p.numpy()) + seen["p_g"]
        known = np.isfinite(seen["d_star"])
        gap = np.abs(seen["d_x"] - seen["d_star"])[known]
        return float((gap * weight[known]).sum() / weight[known].sum())

    untrained = away()
    trainer.advance(1500)
    assert untrained > 0.2 and away() < 0.05
