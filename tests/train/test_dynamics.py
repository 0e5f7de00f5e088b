"""Who moves when, told by players who only note their moves; and where the two dynamics lead on a real game."""

from dataclasses import dataclass, replace

import pytest
import torch

from gancore.config import Config
from gancore.train.dynamics import Alternating, Simultaneous
from gancore.train.trainer import SCALARS, Trainer


@dataclass(frozen=True)
class Players:
    """Two numbers, each pulled to the other's: d <- d - g, g <- g + d (the game V = d g with rate 1)."""

    d: float = 1.0
    g: float = 1.0
    moves: tuple = ()

    def d_update(self, state):
        return replace(state, d=state.d - state.g, moves=(*state.moves, "d")), torch.zeros(4)

    def g_update(self, state, against=None):
        d = (against or state).d
        return replace(state, g=state.g + d, moves=(*state.moves, "g")), torch.ones(2)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_alternating_moves_d_k_times_and_then_g_against_the_new_d(k):
    start = Players()
    state, scalars = Alternating(k=k).iterate(start, start)
    assert state.moves == ("d",) * k + ("g",)
    assert (state.d, state.g) == (1 - k, 1 + (1 - k))
    assert scalars.tolist() == [0, 0, 0, 0, 1, 1] and len(scalars) == len(SCALARS)


def test_simultaneous_moves_both_from_the_same_point():
    start = Players()
    state, _ = Simultaneous().iterate(start, start)
    assert (state.d, state.g) == (0.0, 2.0)


def test_on_the_bilinear_game_simultaneous_spirals_out_and_alternating_stays_near():
    radius = {}
    for dynamics in (Simultaneous(), Alternating()):
        state = Players()
        for _ in range(24):
            state, _ = dynamics.iterate(state, state)
        radius[dynamics.name] = state.d**2 + state.g**2
    assert radius["simultaneous"] == pytest.approx(2 * 2.0**24)  # each step stretches by sqrt(1 + 1)
    assert radius["alternating"] <= 6  # an orbit, closed after six iterations


def test_updates_are_counted_apart():
    trainer = Trainer(Config.from_flat({"dynamics.k": 3, "batch": 8}))
    trainer.advance(5)
    assert (trainer.iteration, trainer.state.d_updates, trainer.state.g_updates) == (5, 15, 5)
    trainer.apply("dynamics=simultaneous")
    trainer.advance(5)
    assert (trainer.iteration, trainer.state.d_updates, trainer.state.g_updates) == (10, 20, 10)


def test_simultaneous_lets_g_answer_the_old_d():
    config = Config.from_flat({"dynamics": "simultaneous", "batch": 8})
    both, d_first = Trainer(config), Trainer(config.with_("dynamics", "alternating"))
    both.advance(1), d_first.advance(1)
    assert torch.equal(both.state.d, d_first.state.d)
    assert not torch.equal(both.state.g, d_first.state.g)
