"""Truths about a user's own modules: they play like everybody's, and what cannot play is told so at once."""

import pytest
import torch
from torch import nn

from gancore import seeds
from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.game.networks import networks, own
from gancore.game.player import Player
from gancore.train.trainer import Trainer
from tests.game.playing import DIGIT, LINE, built, played, rows


@pytest.fixture
def mine(monkeypatch):
    """A catalog on which a user's networks are forgotten after the test."""
    monkeypatch.setattr(networks, "_choices", dict(networks))


class Noisy(nn.Module):
    """A user's class: dropout that no list of layers could know of."""

    def __init__(self, takes, gives):
        super().__init__()
        self.linear = nn.Linear(takes, gives)

    def forward(self, x):
        return self.linear(nn.functional.dropout(x, 0.5, self.training))


def test_a_users_own_module_plays_and_is_drawn_from_the_seed(mine):
    own("wide", lambda takes, gives: nn.Sequential(nn.Linear(takes, 512), nn.ReLU(), nn.Linear(512, gives)))
    module = Config.from_flat({"d": "wide"}).d.build(LINE, (1,), "linear", seeds.stream(1, "w"))
    assert torch.equal(Player(module).start, Player(built("wide", LINE, (1,))).start)
    assert not torch.equal(Player(module).start, Player(built("wide", LINE, (1,), seed=2)).start)
    assert built("wide", (3,), DIGIT, "sigmoid")(rows(2, (3,))).min() > 0

    own("wide", lambda takes, gives: nn.Linear(takes, gives))
    assert len(list(built("wide", LINE, (1,)).parameters())) == 2, "said again, the newer one holds"


def test_a_game_with_a_users_own_modules_is_exact(mine):
    trained = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
    own("trained", lambda takes, gives: trained)
    own("noisy", Noisy)
    before = Player(trained).start
    config = Config.from_flat({"g": "trained", "d": "noisy", "batch": 16})
    assert torch.equal(Trainer(config).advance(20), Trainer(config).advance(20))
    assert torch.equal(Player(trained).start, before), "the user's own weights are left alone"


def test_a_users_own_randomness_is_found_out(mine):
    own("noisy", Noisy)
    assert networks["noisy"].__doc__.startswith("A user's class")
    player, x = Player(built("noisy", LINE, (1,))), rows(64, LINE)
    assert player.random and torch.equal(played(player, x, seed=5), played(player, x, seed=5))


WRONG = [
    (lambda takes, gives: nn.Linear(takes + 1, gives), "from \\(batch, 1\\) to \\(batch, 1\\)"),
    (lambda takes, gives: nn.Linear(takes, gives + 1), "it made \\(3, 2\\)"),
    (lambda takes, gives: "https://example.org/model.pt", 'it is "str"'),
    (lambda takes, gives: nn.ReLU(), "has none"),
    (lambda takes, gives: nn.Sequential(nn.Linear(takes, gives), nn.BatchNorm1d(gives)), "sees_batch=True"),
]


@pytest.mark.parametrize("make, reason", WRONG, ids=["takes", "gives", "text", "weightless", "crowded"])
def test_a_users_own_module_that_cannot_play_is_refused_with_the_reason(mine, make, reason):
    own("mine", make)
    with pytest.raises(BadKnob, match=reason):
        built("mine", LINE, (1,))


@pytest.mark.parametrize("name", ["mlp", "No good", "", "a/b"])
def test_a_name_that_cannot_be_used_is_refused(mine, name):
    with pytest.raises(BadKnob, match="network"):
        own(name, lambda takes, gives: nn.Linear(takes, gives))


def test_a_crowded_module_of_the_user_plays_when_it_says_so(mine):
    own(
        "mine",
        lambda takes, gives: nn.Sequential(nn.Linear(takes, 4), nn.BatchNorm1d(4), nn.Linear(4, gives)),
        sees_batch=True,
    )
    assert not Player(built("mine", LINE, (1,))).together
    with pytest.raises(BadKnob, match="slope at each sample"):
        Config.from_flat({"d": "mine", "penalty": "r1"})
