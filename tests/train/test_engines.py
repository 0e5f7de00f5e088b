"""A tape plays what a function did, or says why it cannot. That whole games are equal is in the contracts of every entry."""

import pytest
import torch

from gancore.config import Config
from gancore.train.engines.tape import Untaped, record
from gancore.train.engines.traced import taped
from gancore.train.trainer import Trainer

OUTSIDE = torch.ones(3)


def slope(x, w):
    w = w.detach().requires_grad_()
    loss = ((x @ w).relu() ** 2).mean() + (x @ w).sigmoid().sum()
    return *torch.autograd.grad(loss, w), loss


def given(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(7, 3, generator=generator), torch.randn(3, 2, generator=generator)


@pytest.mark.parametrize("make", [record, taped])
def test_a_tape_plays_the_gradient_of_other_numbers_too(make):
    tape = make(slope, given())
    for seed in (0, 1, 2):
        assert all(torch.equal(a, b) for a, b in zip(slope(*given(seed)), tape(*given(seed)), strict=True))


def test_what_is_asked_twice_runs_once_and_what_is_not_asked_not_at_all():
    def wasteful(x):
        torch.exp(x)
        return (x.sin() + x.sin(),)

    tape = record(wasteful, [torch.ones(3)])
    with torch.autograd.profiler.profile() as profile:
        tape(torch.ones(3))
    ran = [event.name for event in profile.function_events if event.name in ("aten::sin", "aten::exp", "aten::add")]
    assert ran == ["aten::sin", "aten::add"]


@pytest.mark.parametrize(
    "function, why",
    [
        (lambda x: (x + torch.rand(3),), "draws random numbers"),
        (lambda x: (torch.dropout(x, 0.5, True),), "draws random numbers"),
        (lambda x: (x.clone().add_(1),), "keeps statistics"),
        (lambda x: (x + OUTSIDE,), "neither weights nor samples"),
        (lambda x: (x + 1 if x.sum() > 0 else x,), "depends on what it is given"),
    ],
)
def test_what_a_tape_cannot_play_is_refused_with_the_reason(function, why):
    with pytest.raises(Untaped, match=why):
        taped(function, [torch.ones(3)])


@pytest.mark.parametrize(
    "settings, engine",
    [
        ({"data": "normal"}, "traced"),
        ({"data": "normal", "dynamics": "simultaneous", "dynamics.same": True}, "traced"),
        ({"data": "normal", "d": "maxout"}, "eager: dropout draws random numbers on the way"),
        ({"data": "normal", "g.norm": "batch"}, "eager: a network keeps statistics on the way"),
        ({"data": "normal", "penalty": "wgan-gp"}, "eager: it draws random numbers on the way"),
    ],
)
def test_a_game_says_which_engine_plays_it(settings, engine):
    trainer = Trainer(Config.from_flat({**settings, "batch": 16}))
    trainer.advance(1)
    assert trainer.moves.engine == engine


def test_a_rule_turned_on_the_way_leaves_no_seam():
    config = Config.from_flat({"data": "normal", "penalty": "r1", "batch": 16})
    rows = []
    for engine in ("traced", "eager"):
        trainer = Trainer(config, engine=engine)
        played = [trainer.advance(5)]
        for change in ("penalty.gamma=3", "d_opt.lr=0.01", "loss=hinge"):
            trainer.apply(change)
            played.append(trainer.advance(5))
        rows.append(torch.cat(played))
    assert torch.equal(*rows)
