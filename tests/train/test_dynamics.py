"""Who moves when: counted, on real networks, where an iteration can be put together by hand from single moves."""

from dataclasses import replace

import pytest
import torch

from gancore.config import Config
from gancore.train.dynamics import dynamics
from gancore.train.state import State
from gancore.train.trainer import SCALARS, Trainer

SMALL = {"batch": 8, "g.width": 6, "d.width": 6, "g_opt": "sgd", "d_opt": "sgd", "penalty": "r1"}


def trainer(**settings):
    return Trainer(Config.from_flat(SMALL | {name.replace("__", "."): value for name, value in settings.items()}))


@pytest.mark.parametrize("k, k_g", [(1, 1), (3, 1), (1, 2), (5, 4)])
def test_alternating_is_k_steps_of_d_and_then_those_of_g(k, k_g):
    whole, parts = trainer(dynamics__k=k, dynamics__k_g=k_g), trainer()
    whole.advance(1)
    for step in ["step=d"] * k + ["step=g"] * k_g:
        parts.apply(step)
    assert torch.equal(whole.state.d, parts.state.d) and torch.equal(whole.state.g, parts.state.g)


@pytest.mark.parametrize("name", dynamics)
def test_updates_are_counted_apart_and_looks_ahead_are_none(name):
    played = trainer(dynamics=name)
    rows = played.advance(5)
    assert rows.shape == (5, len(SCALARS)) and not rows.requires_grad
    assert (played.iteration, played.state.d_updates, played.state.g_updates) == (5, 5, 5)
    assert not (played.state.d.requires_grad or played.state.g.requires_grad)
    played.apply("dynamics=alternating")
    assert not played.state.recall("dynamics")
    played.apply("dynamics.k=3")
    played.advance(5)
    assert (played.iteration, played.state.d_updates, played.state.g_updates) == (10, 20, 10)


@pytest.mark.parametrize("name", ["simultaneous", "unrolled", "lookahead", "consensus", "optimistic"])
def test_what_is_added_can_be_turned_off(name):
    off = {"simultaneous": {}, "unrolled": {"dynamics.k": 0}, "lookahead": {"dynamics.alpha": 1}, "optimistic": {}}
    off["consensus"] = {"dynamics.gamma": 0}
    turns = {"dynamics.turns": "simultaneous"} if name == "lookahead" else {}
    plain, other = trainer(dynamics="simultaneous"), trainer(dynamics=name, **off[name], **turns)
    n = 1 if name == "optimistic" else 12  # its first step has no past to look back to
    torch.testing.assert_close(plain.advance(n), other.advance(n), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(plain.state.g, other.state.g, rtol=1e-5, atol=1e-6)


def test_simultaneous_lets_g_answer_the_old_d():
    both, d_first = trainer(dynamics="simultaneous"), trainer()
    both.advance(1), d_first.advance(1)
    assert torch.equal(both.state.d, d_first.state.d)
    assert not torch.equal(both.state.g, d_first.state.g)


def test_simultaneous_players_may_see_the_same_batch():
    """Then D's second batch is what would have been G's."""
    apart, same = (trainer(dynamics="simultaneous", dynamics__same=same) for same in (False, True))
    apart.advance(1), same.advance(1)
    assert torch.equal(apart.state.d, same.state.d) and not torch.equal(apart.state.g, same.state.g)
    same.advance(1)
    again = same.state.streams["noise"].get_state()
    assert torch.equal(again, apart.state.streams["noise"].get_state())


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "rmsprop", "adamw"])
@pytest.mark.parametrize(
    "settings", [{}, {"loss": "least-squares", "penalty": "none"}, {"constraint": "gradient-clipping"}]
)
def test_unrolling_differentiates_through_ds_optimiser(double, optimiser, settings):
    """G's gradient is the slope of its loss along any line, the D of k updates later moving along."""
    played = trainer(
        dynamics="unrolled", dynamics__k=3, d_opt=optimiser, d__activation="tanh", g__activation="tanh", **settings
    )
    played.advance(3)
    moves, state = played.moves, played.state
    d_batch, g_batch = moves.d_draw(state), moves.g_draw(state)
    rival = played.config.dynamics.rival(moves, state, d_batch)
    _, gradient, _ = moves.g_gradient(state, g_batch, rival=rival)

    def loss(g):
        _, _, seen = moves.g_gradient(replace(state, g=g), g_batch, rival=rival)
        return seen[0]

    line = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(1))
    slope = (loss(state.g + 1e-5 * line) - loss(state.g - 1e-5 * line)) / 2e-5
    torch.testing.assert_close(gradient @ line, slope, rtol=1e-5, atol=1e-9)


def test_consensus_adds_the_slope_of_both_gradients_size(double):
    played = trainer(
        dynamics="consensus", dynamics__gamma=0.7, loss="zero-sum", g__activation="tanh", d__activation="tanh"
    )
    plain = trainer(dynamics="simultaneous", loss="zero-sum", g__activation="tanh", d__activation="tanh")
    start, lr = played.state.fork(), played.config.d_opt.lr
    played.advance(1), plain.advance(1)
    more = {who: (getattr(plain.state, who) - getattr(played.state, who)) / (0.7 * lr) for who in ("d", "g")}

    moves, streams = plain.moves, start.streams
    d_batch, g_batch = moves.game.draw(streams), moves.game.draw(streams)

    def size(g, d):
        at = replace(start, g=g, d=d)
        _, by_d, _ = moves.d_gradient(at, d_batch)
        _, by_g, _ = moves.g_gradient(at, g_batch)
        return (by_d.square().sum() + by_g.square().sum()) / 2

    for who in ("d", "g"):
        line = torch.randn(more[who].shape, generator=torch.Generator().manual_seed(1))
        up, down = (
            size(**{w: getattr(start, w) + sign * 1e-5 * line * (w == who) for w in ("g", "d")}) for sign in (1, -1)
        )
        torch.testing.assert_close(more[who] @ line, (up - down) / 2e-5, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", dynamics)
def test_networks_that_keep_statistics_and_draw_go_on_bit_for_bit(name):
    settings = {"g.norm": "batch", "d.norm": "batch", "d.dropout": 0.3, "penalty": "none", "dynamics": name}
    config = Config.from_flat(SMALL | settings | ({"dynamics.k": 2} if name == "unrolled" else {}))
    whole, parts = Trainer(config), Trainer(config)
    rows = whole.advance(8)
    parts.advance(4)
    parts = Trainer(config, state=State.from_tensors(parts.state.tensors()))
    assert torch.equal(rows[4:], parts.advance(4)) and rows.isfinite().all()
    assert all(torch.equal(b, parts.state.d_buffers[n]) for n, b in whole.state.d_buffers.items())
    assert any(n.endswith("running_mean") and b.any() for n, b in whole.state.d_buffers.items())


def test_a_state_kept_aside_stays_what_it_was():
    for name in dynamics:
        played = trainer(
            dynamics=name, d__norm="batch", penalty="historical-averaging", constraint="spectral-norm", ema=0.9
        )
        played.advance(3)
        kept = played.state.fork()
        before = kept.tensors()
        played.advance(5)
        assert all(torch.equal(before[n], tensor) for n, tensor in kept.tensors().items())
