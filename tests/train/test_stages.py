"""The stages of an iteration are that iteration: their numbers are its scalars and their end is where it leads, bit for bit."""

import pytest
import torch

from gancore.config import Config
from gancore.train.dynamics import dynamics
from gancore.train.stages import MOST
from gancore.train.trainer import Trainer

SMALL = Config.from_flat({"data": "ring", "noise.dim": 2, "batch": 16, "g.width": 8, "d.width": 8, "seed": 2})
HALF = ["draw", "generate", "judge", "loss", "gradient", "update"]


def trainer(**settings):
    made = Trainer(Config.from_flat({name.replace("__", "."): value for name, value in settings.items()}, SMALL))
    made.advance(3)
    return made


def named(stages):
    return [(stage.who, stage.name) for stage in stages]


def same(one, other):
    a, b = one.tensors(), other.tensors()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


ALTERNATING = [
    {"dynamics": "alternating", "dynamics__k": k, "dynamics__k_g": k_g} for k, k_g in ((1, 1), (5, 1), (2, 3))
]
OTHERS = [{"dynamics": name} for name in dynamics if name != "alternating"] + [
    {"dynamics": "simultaneous", "dynamics__same": True}
]
RULES = [
    {"constraint": "spectral-norm"},
    {"penalty": "wgan-gp", "loss": "wasserstein"},
    {"loss": "relativistic"},
    {"input": "packing"},
]
BATCHED = {"data": "digits", "noise__dim": 4, "g": "dcgan", "d": "dcgan", "batch": 8}


@pytest.mark.parametrize("settings", [*ALTERNATING, *OTHERS, *RULES, BATCHED], ids=str)
def test_looking_moves_nothing_and_the_last_stage_stands_where_the_iteration_leads(settings):
    watched, alone = trainer(**settings), trainer(**settings)
    for _ in range(3):
        before = watched.state.fork()
        stages = watched.foresee()
        assert same(before, watched.state)
        row = watched.advance(1)[0]
        assert torch.equal(row, alone.advance(1)[0]) and same(watched.state, alone.state)
        end = stages[-1].state
        for part in ("g", "d", "d_updates", "g_updates"):
            one, other = getattr(end, part), getattr(watched.state, part)
            assert torch.equal(torch.as_tensor(one), torch.as_tensor(other))


@pytest.mark.parametrize("settings", [*ALTERNATING, *RULES, BATCHED, {"dynamics": "simultaneous"}], ids=str)
def test_the_numbers_of_the_stages_are_those_of_the_iteration(settings):
    playing = trainer(**settings)
    last = {stage.who: stage for stage in playing.foresee() if stage.name == "gradient"}
    d_loss, d_real, d_fake, d_grad, g_loss, g_grad = playing.advance(1)[0]
    loss = playing.game.loss
    assert (last["d"].loss, last["d"].norm, last["g"].loss, last["g"].norm) == (d_loss, d_grad, g_loss, g_grad)
    assert torch.equal(loss.read(last["d"].real_scores).mean(), d_real)
    assert torch.equal(loss.read(last["d"].fake_scores).mean(), d_fake)
    assert last["g"].loss == loss.generator(last["g"].real_scores, last["g"].fake_scores).item()


def test_alternating_is_twelve_stages_and_k_makes_more_of_them():
    assert named(trainer().foresee()) == [("d", name) for name in HALF] + [("g", name) for name in HALF]
    assert named(trainer(dynamics__k=3).foresee()) == 3 * [("d", name) for name in HALF] + [
        ("g", name) for name in HALF
    ]


def test_each_stage_knows_what_came_before_it_and_nothing_of_what_follows():
    known = {"draw": 1, "generate": 2, "judge": 3, "loss": 4, "gradient": 5, "update": 6}
    for stage in trainer().foresee():
        said = (stage.batch, stage.fake, stage.fake_scores, stage.loss, stage.norm, stage.step)
        assert [part is not None for part in said] == [at < known[stage.name] for at in range(6)]
        assert not stage.ahead and not stage.mixed and not stage.foreseen


def test_the_samples_of_a_stage_are_those_that_d_judged():
    playing = trainer()
    first = playing.foresee()[4]
    assert torch.equal(playing.game.judge(playing.state, first.fake), first.fake_scores)
    assert torch.equal(playing.game.judge(playing.state, first.batch.real), first.real_scores)
    assert torch.equal(playing.game.generate(playing.state, first.batch.z), first.fake)


def test_simultaneous_players_answer_the_same_point_and_step_last():
    stages = trainer(dynamics="simultaneous").foresee()
    assert named(stages)[-2:] == [("d", "update"), ("g", "update")] and len(stages) == 12
    assert all(stage.state.d is stages[0].state.d for stage in stages[:-2])
    shared = trainer(dynamics="simultaneous", dynamics__same=True).foresee()
    assert [name for who, name in named(shared)].count("draw") == 1


def test_what_extragradient_takes_back_is_called_a_look_ahead():
    stages = trainer(dynamics="extragradient").foresee()
    assert [stage.ahead for stage in stages] == [True] * 12 + [False] * 12
    assert [stage.ahead for stage in stages if stage.name == "update"] == [True, True, False, False]


def test_what_the_dynamics_do_themselves_is_a_stage_of_its_own_and_never_an_update():
    assert named(trainer(dynamics="optimistic").foresee())[-1] == ("both", "own")
    back = [named(played.foresee())[-1][1] for played in (trainer(dynamics="lookahead", dynamics__k=k) for k in (4, 5))]
    assert back == ["own", "update"]  # three iterations were played: the fourth goes back if k is 4
    mixed = [stage for stage in trainer(dynamics="consensus").foresee() if stage.name == "update"]
    assert len(mixed) == 2 and all(stage.mixed for stage in mixed)


def test_a_foreseen_d_is_said_to_be_one_and_its_updates_are_none():
    stages = trainer(dynamics="unrolled").foresee()
    assert [name for who, name in named(stages)].count("update") == 2
    assert all(stage.foreseen for stage in stages if stage.who == "g" and stage.name in ("judge", "loss", "gradient"))
    assert stages[-1].state.d_updates == 4


def test_an_iteration_of_very_many_stages_is_shown_whole():
    playing = trainer(dynamics__k=50)
    assert MOST < 6 * 51
    (whole,) = playing.foresee()
    assert whole.name == "whole" and torch.equal(whole.whole, playing.advance(1)[0])


@pytest.mark.parametrize("who", "dg")
def test_a_frozen_players_update_is_a_stage_without_a_step(who):
    playing = trainer(frozen=who)
    updates = {stage.who: stage.step for stage in playing.foresee() if stage.name == "update"}
    assert updates.pop(who) == 0 and updates.popitem()[1] > 0
