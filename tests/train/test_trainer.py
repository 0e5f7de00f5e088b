"""Truths about playing: exact however it is cut, changed, kept and taken up again; and it stops before a bad update."""

import math

import pytest
import safetensors.torch
import torch

from gancore import presets
from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.train.state import State
from gancore.train.trainer import SCALARS, Diverged, Event, Trainer

SMALL = Config.from_flat({"batch": 32, "g.width": 8, "d.width": 8, "seed": 3})
EVENTS = (
    Event(0, "d_opt.lr=0.002"),
    Event(100, "loss=zero-sum"),
    Event(100, "step=d"),
    Event(250, "penalty=r1"),
    Event(400, "g_opt=rmsprop"),
    Event(401, "batch=16"),
    Event(600, "dynamics=simultaneous"),
    Event(601, "constraint=clip"),
    Event(800, "step=g"),
)


def same(a: State, b: State) -> bool:
    one, other = a.tensors(), b.tensors()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def whole():
    """A run with events, played in one go: the trainer at its end, and its scalars."""
    trainer = Trainer(SMALL, planned=EVENTS)
    return trainer, trainer.advance(1000)


def test_the_same_config_gives_the_same_run():
    one, other = Trainer(SMALL), Trainer(SMALL)
    assert torch.equal(one.advance(1000), other.advance(1000)) and same(one.state, other.state)


def test_the_same_events_at_the_same_iterations_give_the_same_run(whole):
    trainer, rows = whole
    again = Trainer(SMALL, planned=EVENTS)
    assert torch.equal(again.advance(1000), rows)
    assert same(again.state, trainer.state) and again.events == trainer.events == list(EVENTS)


def test_a_default_run_is_the_same_twice():
    config = presets.load("line").config
    assert torch.equal(Trainer(config).advance(200), Trainer(config).advance(200))


def test_another_seed_is_another_run():
    assert not torch.equal(Trainer(SMALL).advance(5), Trainer(SMALL.with_("seed", 4)).advance(5))


@pytest.mark.parametrize("cuts", [[1] * 1000, [99, 1, 1, 299, 0, 200, 1, 399]], ids=len)
def test_advancing_may_be_cut_anywhere(cuts, whole):
    trainer, rows = whole
    cut = Trainer(SMALL, planned=EVENTS)
    assert torch.equal(rows, torch.cat([cut.advance(n) for n in cuts]))
    assert same(trainer.state, cut.state) and trainer.events == cut.events


def test_events_done_by_hand_are_events_planned(whole):
    trainer, rows = whole
    live, played = Trainer(SMALL), []
    for event in EVENTS:
        played.append(live.advance(event.iteration - live.iteration))
        assert live.apply(event.what) == event
    played.append(live.advance(1000 - live.iteration))
    assert torch.equal(rows, torch.cat(played)) and same(trainer.state, live.state)


def test_a_restored_run_equals_the_run_that_never_stopped(whole):
    trainer, rows = whole
    stopping = Trainer(SMALL, planned=EVENTS)
    for at in (1, 100, 401, 777):
        stopping.advance(at - stopping.iteration)
        kept = safetensors.torch.load(safetensors.torch.save(stopping.state.tensors()))
        later = tuple(event for event in EVENTS if event.iteration > at)
        restored = Trainer(stopping.config, state=State.from_tensors(kept), planned=later)
        assert restored.iteration == at
        assert torch.equal(restored.advance(50), rows[at : at + 50])
    restored.advance(1000 - restored.iteration)
    assert same(trainer.state, restored.state)


def test_a_fork_plays_on_its_own():
    trainer = Trainer(SMALL)
    trainer.advance(10)
    kept = trainer.state.fork()
    before = kept.tensors()
    future = trainer.advance(20)
    after = kept.tensors()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(Trainer(SMALL, state=kept).advance(20), future)


def test_scalars_are_those_of_the_game():
    trainer = Trainer(SMALL)
    rows = dict(zip(SCALARS, trainer.advance(50).T))
    assert ((rows["d_real"] > 0) & (rows["d_real"] < 1) & (rows["d_fake"] > 0) & (rows["d_fake"] < 1)).all()
    # Jensen: the loss of the mean score is at most the mean loss.
    assert (rows["d_loss"] >= -torch.log(rows["d_real"]) - torch.log(1 - rows["d_fake"]) - 1e-6).all()
    assert (rows["d_grad"] > 0).all() and (rows["g_grad"] > 0).all()


def test_a_change_acts_from_the_next_iteration():
    changed, untouched = Trainer(SMALL), Trainer(SMALL)
    assert torch.equal(changed.advance(10), untouched.advance(10))
    assert changed.apply("g_opt.lr=1e-6") == Event(10, "g_opt.lr=1e-6")
    before = changed.state.g
    assert torch.equal(changed.advance(1), untouched.advance(1))  # measured before the step that differs
    assert not torch.equal(changed.state.g, untouched.state.g)
    assert (changed.state.g - before).abs().max() < 1e-5
    assert changed.config.g_opt.lr == 1e-6 and SMALL.g_opt.lr == 1e-3


def test_a_changed_learning_rate_keeps_the_moments_and_another_optimiser_starts_anew():
    trainer = Trainer(SMALL)
    trainer.advance(5)
    trainer.apply("d_opt.lr=0.01")
    assert trainer.state.d_moments["t"] == 5
    trainer.apply("d_opt=sgd")
    assert trainer.state.d_moments.keys() == {"velocity"} and not trainer.state.d_moments["velocity"].any()


def test_a_single_step_moves_one_player():
    trainer = Trainer(SMALL)
    trainer.advance(3)
    before = trainer.state
    trainer.apply("step=d")
    assert torch.equal(trainer.state.g, before.g) and not torch.equal(trainer.state.d, before.d)
    middle = trainer.state
    trainer.apply("step=g")
    assert torch.equal(trainer.state.d, middle.d) and not torch.equal(trainer.state.g, middle.g)
    assert (trainer.iteration, trainer.state.d_updates, trainer.state.g_updates) == (3, 4, 4)


def test_clipping_holds_after_every_update():
    trainer = Trainer(SMALL, planned=(Event(0, "constraint=clip"), Event(0, "constraint.c=0.02")))
    for _ in range(5):
        trainer.advance(1)
        assert trainer.state.d.abs().max() <= 0.02


BAD_EVENTS = [
    "data.mean=3",
    "seed=4",
    "g.width=9",
    "d_opt.lr=far",
    "d_opt.k=3",
    "step=x",
    "step",
    "nonsense",
    "",
    "noise=uniform",
]


@pytest.mark.parametrize("what", BAD_EVENTS)
def test_a_bad_event_is_refused_and_changes_nothing(what):
    trainer = Trainer(SMALL)
    trainer.advance(2)
    before = trainer.state
    with pytest.raises(BadKnob):
        trainer.apply(what)
    assert trainer.state is before and trainer.config == SMALL and not trainer.events
    with pytest.raises(BadKnob):
        Trainer(SMALL, planned=(Event(500, what),))


def test_planned_events_are_tried_in_their_order():
    swap, turn = Event(10, "g_opt=sgd"), Event(20, "g_opt.momentum=0.9")
    Trainer(SMALL, planned=(turn, swap)).advance(30)
    with pytest.raises(BadKnob, match="momentum"):
        Trainer(SMALL, planned=(Event(5, turn.what), swap))


HUGE = Config.from_flat({"batch": 16, "g.width": 8, "d.width": 8, "d_opt": "sgd", "d_opt.momentum": 0, "penalty": "r1"})


def test_a_run_that_diverges_stops_before_the_bad_update():
    trainer = Trainer(HUGE, planned=(Event(20, "d_opt.lr=10"), Event(20, "penalty.gamma=100")))
    with pytest.raises(Diverged) as stopped:
        trainer.advance(500)
    error, state = stopped.value, trainer.state
    assert 20 < error.iteration == trainer.iteration + 1
    assert error.tensor and error.tensor in str(error) and str(error.iteration) in str(error)
    assert state.g.isfinite().all() and state.d.isfinite().all()
    assert error.rows.shape == (trainer.iteration, len(SCALARS)) and error.rows.isfinite().all()

    # What is left is exactly what playing up to there gives, and it can go on once the knob is turned back.
    again = Trainer(HUGE, planned=(Event(20, "d_opt.lr=10"), Event(20, "penalty.gamma=100")))
    assert torch.equal(again.advance(error.iteration - 1), error.rows) and same(again.state, state)
    for calm in ("penalty=none", "d_opt.lr=1e-6", "g_opt.lr=1e-6"):
        trainer.apply(calm)
    assert trainer.advance(1).isfinite().all()


@pytest.mark.parametrize("player", ["G", "D"])
def test_the_tensor_that_broke_is_named(player):
    trainer = Trainer(SMALL)
    flat = trainer.state.g if player == "G" else trainer.state.d
    game = trainer.game.g if player == "G" else trainer.game.d
    row = torch.zeros(len(SCALARS))
    for index in (0, len(flat) - 1):
        broken = flat.clone()
        broken[index] = math.nan
        state = State(**{**vars(trainer.state), player.lower(): broken})
        name = trainer._culprit(row, state)
        assert name == f"weights {player}.{[n for n, _ in game.module.named_parameters()][0 if index == 0 else -1]}"
    row[SCALARS.index("g_loss")] = math.inf
    assert trainer._culprit(row, trainer.state) == "loss of G"


def test_a_single_step_that_would_diverge_is_not_taken():
    broken = Trainer(HUGE)
    broken.advance(1)
    far = State(**{**vars(broken.state), "d": broken.state.d * 1e30})
    trainer = Trainer(HUGE, state=far)
    with pytest.raises(Diverged):
        trainer.apply("step=d")
    assert torch.equal(trainer.state.d, far.d) and not trainer.events
