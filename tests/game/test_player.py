"""Truths about calling a module as a function: chance, statistics, modes and slopes are where they should be."""

import pytest
import torch
from torch import nn

from gancore import seeds
from gancore.game.player import Player
from gancore.seeds import seeded
from tests.game.playing import DIGIT, KINDS, LINE, built, kind, played, rows


@pytest.mark.parametrize("name, knobs", KINDS, ids=kind)
def test_an_evaluation_is_of_each_sample_by_itself_and_changes_nothing(name, knobs):
    player, x = Player(built(name, DIGIT, (1,), **knobs)), rows(16, DIGIT)
    buffers = {name: b.clone() for name, b in player.buffers.items()}
    played(player, x, seed=1, buffers=buffers)
    kept = {name: b.clone() for name, b in buffers.items()}
    judged = played(player, x, training=False, buffers=buffers)
    assert torch.allclose(judged[:5], played(player, x[:5], training=False, buffers=buffers), atol=1e-6)
    assert all(torch.equal(kept[name], buffers[name]) for name in kept)


@pytest.mark.parametrize("name, knobs", KINDS, ids=kind)
def test_one_call_on_two_batches_equals_two_calls_where_it_says_so(name, knobs):
    player, x, y = Player(built(name, DIGIT, (1,), **knobs)), rows(8, DIGIT), 2 + rows(8, DIGIT, seed=2)
    at_once = played(player, torch.cat([x, y]), seed=3)
    apart = torch.cat([played(player, x, seed=3), played(player, y, seed=3)])
    assert torch.allclose(at_once, apart, atol=1e-6) == player.together


@pytest.mark.parametrize("name, knobs", KINDS, ids=kind)
def test_slopes_can_be_differentiated_again(name, knobs):
    player = Player(built(name, DIGIT, (1,), **knobs))
    x, weights = rows(4, DIGIT).double().requires_grad_(), player.start.double()
    # Fixup's zeros are where a residual network has no second slope: leave them.
    weights = weights + 0.1 * torch.randn(weights.shape, generator=seeds.stream(1, "v"), dtype=torch.float64)
    direction = torch.randn(weights.shape, generator=seeds.stream(2, "v"), dtype=torch.float64)

    def steepness(w):
        buffers = {name: b.double() for name, b in player.buffers.items()}
        said = player(player.weights(w), buffers, x, True, 3).sigmoid().sum()
        return torch.autograd.grad(said, x, create_graph=True)[0].square().sum()

    leaf = weights.clone().requires_grad_()
    (slope,) = torch.autograd.grad(steepness(leaf), leaf)
    step = 1e-7 * direction
    measured = (steepness(weights + step) - steepness(weights - step)) / 2e-7
    assert measured.item() == pytest.approx((slope @ direction).item(), rel=1e-4, abs=1e-8)


@pytest.mark.parametrize(
    "name, knobs", [("mlp", {}), ("maxout", {"dropout": 0, "dropout_in": 0}), ("resnet", {})], ids=kind
)
def test_seeds_side_by_side_equal_seeds_one_by_one(name, knobs):
    players = [Player(built(name, DIGIT, (1,), seed=seed, **knobs)) for seed in (1, 2)]
    x = rows(4, DIGIT)

    def gradient(weights):
        return torch.func.grad(lambda w: players[0](players[0].weights(w), {}, x, True).square().sum())(weights)

    at_once = torch.func.vmap(gradient)(torch.stack([player.start for player in players]))
    assert torch.allclose(at_once, torch.stack([gradient(player.start) for player in players]), atol=1e-6)


def test_dropout_is_drawn_from_the_seed_of_the_call_and_from_nowhere_else():
    player, x = Player(built("mlp", LINE, (1,), dropout=0.5)), rows(64, LINE)
    assert player.random and not player.together
    before = torch.get_rng_state()
    drawn = played(player, x, seed=5)
    assert torch.equal(before, torch.get_rng_state())
    torch.rand(7)
    assert torch.equal(drawn, played(player, x, seed=5)) and not torch.equal(drawn, played(player, x, seed=6))
    assert torch.equal(played(player, x, training=False), played(player, x, training=False))
    assert not Player(built("mlp", LINE, (1,))).random


def test_the_numbers_of_a_player_are_those_of_its_module():
    for tied in (False, True):
        module = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
        if tied:
            module[2].weight = module[0].weight
        player, x = Player(module), rows(4, (3,))
        assert torch.equal(played(player, x), module(x))
        moved = player(player.weights(2 * player.start), {}, x, True)
        for p in module.parameters():
            p.data *= 2
        assert torch.equal(moved, module(x)), "a weight with two names moves under both"


def test_batch_normalisation_judges_by_running_statistics():
    player = Player(built("mlp", LINE, (1,), norm="batch", depth=1, momentum=0.3))
    buffers = {name: b.clone() for name, b in player.buffers.items()}
    x = rows(50, LINE)
    played(player, x, buffers=buffers)
    inside = x @ player.weights(player.start)["0.weight"].T
    assert torch.allclose(buffers["1.running_mean"], 0.3 * inside.mean(0), atol=1e-6)
    assert torch.allclose(buffers["1.running_var"], 0.7 + 0.3 * inside.var(0), atol=1e-6)
    assert not torch.allclose(played(player, x, False, buffers=buffers), played(player, x, True, buffers=buffers))


def test_the_global_generator_is_put_back_even_after_a_mistake():
    before = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), seeded(3):
        torch.rand(1).div(1 / 0)
    assert torch.equal(before, torch.get_rng_state())


def test_low_precision_multiplies_in_bfloat16_and_hands_back_what_came():
    module, x = nn.Linear(64, 8), torch.randn(32, 64, generator=torch.Generator().manual_seed(0))
    player = Player(module)
    weights = player.weights(player.start)
    exact, low = (player(weights, {}, x, low=choice).detach() for choice in (False, True))
    assert low.dtype is torch.float32 and not torch.equal(exact, low)
    torch.testing.assert_close(low, exact, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("name, knobs", KINDS, ids=kind)
def test_what_is_not_lent_has_its_weights_once(name, knobs):
    lent, own = built(name, DIGIT, (1,), **knobs), built(name, DIGIT, (1,), **knobs)
    player, x = Player(own, lent=False), rows(4, DIGIT)
    assert {p.untyped_storage().data_ptr() for p in own.parameters()} == {player.start.untyped_storage().data_ptr()}
    assert all(torch.equal(p, q) for p, q in zip(own.parameters(), lent.parameters()))
    assert torch.equal(played(player, x, seed=1), played(Player(lent), x, seed=1))
