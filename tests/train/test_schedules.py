"""Schedules fall from 1 to their floor, and a run's steps are scaled by them."""

import math
from itertools import pairwise

import pytest
import torch

from gancore.config import Config
from gancore.train.schedules import schedules
from gancore.train.trainer import Trainer


@pytest.mark.parametrize("name", schedules)
def test_a_rate_starts_whole_never_rises_and_ends_at_its_floor(name):
    schedule = schedules[name]()
    factors = [schedule.factor(n) for n in range(0, 30_000, 100)]
    assert factors[0] == 1 and all(a >= b for a, b in pairwise(factors))
    assert schedule.factor(10**9) == pytest.approx(getattr(schedule, "floor", 1.0))


def test_formulas():
    assert schedules.make("exponential", divisor=1.01, floor=0.1).factor(50) == pytest.approx(
        math.exp(-50 * math.log(1.01))
    )
    assert schedules.make("cosine", span=100, floor=0.2).factor(50) == pytest.approx(0.6)
    assert schedules.make("cosine", span=100).factor(25) == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert schedules.make("linear", span=100, floor=0.5).factor(50) == pytest.approx(0.75)


def test_the_schedule_of_2014_is_that_of_its_code():
    """lr 0.1 divided by 1.000004 at each update, down to 1e-6."""
    schedule, lr = schedules["exponential"](), 0.1
    for n in range(1, 1001):
        lr = max(lr / 1.000004, 1e-6)
        assert 0.1 * schedule.factor(n) == pytest.approx(lr, rel=1e-9)
    assert 0.1 * schedule.factor(10**8) == pytest.approx(1e-6)


def test_both_players_steps_shrink_with_their_own_updates():
    settings = {"batch": 8, "g.width": 4, "d.width": 4, "g_opt": "sgd", "d_opt": "sgd", "dynamics.k": 2}
    plain, falling = (Trainer(Config.from_flat(settings | {"schedule": name})) for name in ("constant", "linear"))
    falling.apply("schedule.span=4")
    start = plain.state
    for trainer in (plain, falling):
        trainer.apply("step=d"), trainer.apply("step=g")
    assert torch.equal(plain.state.d, falling.state.d) and torch.equal(plain.state.g, falling.state.g)
    falling.advance(2)
    assert (falling.state.d_updates, falling.state.g_updates) == (5, 3)
    before = falling.state
    falling.advance(1)
    assert torch.equal(before.d, falling.state.d)  # after four of its updates D rests
    assert not torch.equal(before.g, falling.state.g) and not torch.equal(start.g, before.g)
