"""Truths about playing: exact however it is cut, changed, kept and taken up again; and it stops before a bad update."""

import math
from dataclasses import replace

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
        live.apply(event.what)
    played.append(live.advance(1000 - live.iteration))
    assert torch.equal(rows, torch.cat(played)) and same(trainer.state, live.state)
    assert live.events == trainer.events


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
    changed.apply("g_opt.lr=1e-6")
    assert changed.events == [Event(10, "g_opt.lr=1e-6")]
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


def test_g_has_a_running_mean_while_it_is_asked_for():
    trainer, z = Trainer(SMALL, planned=(Event(3, "ema=0.9"), Event(8, "ema=0.5"))), torch.ones(4, 1)
    trainer.advance(3)
    assert torch.equal(trainer.game.generate(trainer.state, z, ema=True), trainer.game.generate(trainer.state, z))
    mean = None
    for memory in [0.9] * 5 + [0.5] * 5:
        trainer.advance(1)
        g = trainer.state.g
        mean = g if mean is None else memory * mean + (1 - memory) * g  # it starts at the first G that it meets
        torch.testing.assert_close(trainer.state.memory["ema"], mean)
    own = replace(trainer.state, g=trainer.state.memory["ema"])
    assert torch.equal(trainer.game.generate(trainer.state, z, ema=True), trainer.game.generate(own, z))
    trainer.apply("ema=0")
    trainer.advance(1)
    assert "ema" not in trainer.state.memory


def test_a_running_mean_changes_nothing_in_the_game():
    plain, averaged = Trainer(SMALL), Trainer(SMALL.with_("ema", 0.99))
    assert torch.equal(plain.advance(20), averaged.advance(20))


def test_what_a_swapped_rule_keeps_in_mind_starts_anew():
    trainer = Trainer(SMALL)
    trainer.advance(3)
    assert not trainer.state.memory and not trainer.state.d_buffers
    trainer.apply("penalty=historical-averaging"), trainer.apply("constraint=spectral-norm")
    assert torch.equal(trainer.state.memory["penalty.g.mean"], trainer.state.g)
    assert all(name.startswith("sn.") for name in trainer.state.d_buffers) and trainer.state.d_buffers
    trainer.apply("dynamics=lookahead")
    trainer.advance(3)
    assert {"dynamics.g", "dynamics.d"} < trainer.state.memory.keys()
    for calm in ("penalty=none", "constraint=none", "dynamics=alternating"):
        trainer.apply(calm)
    assert not trainer.state.memory and not trainer.state.d_buffers


def test_an_input_acts_on_restart_and_its_knobs_may_be_live():
    trainer = Trainer(SMALL.with_("input", "instance-noise"))
    trainer.advance(2)
    with pytest.raises(BadKnob, match="restart"):
        trainer.apply("input=none")
    still, moved = (Trainer(trainer.config, state=trainer.state.fork()) for _ in range(2))
    moved.apply("input.sigma=2")
    assert moved.config.input.sigma == 2
    assert not torch.equal(still.advance(1)[:, 0], moved.advance(1)[:, 0])


def test_packs_are_drawn_whole_and_a_clean_sample_is_judged_beside_its_own_kind():
    trainer = Trainer(SMALL.with_("input", "packing").with_("input.m", 3))
    batch = trainer.game.draw(trainer.state.fork().streams)
    assert batch.real.shape == batch.z.shape == (96, 1)
    _, outputs = trainer.game.d_loss(trainer.state.g, trainer.state.d, trainer.state, batch)
    assert outputs.shape == (2, 32)
    said = trainer.game.judge(trainer.state, torch.tensor([[0.5], [2.0]]))
    with torch.no_grad():
        torch.testing.assert_close(said[1], trainer.game.d.module(torch.full((1, 3), 2.0))[0, 0])


def test_what_cannot_be_combined_is_refused_with_the_reason_also_while_it_is_played():
    with pytest.raises(BadKnob, match=r"penalty.*r1.*batch"):
        Config.from_flat({"d.norm": "batch", "penalty": "r1"})
    trainer = Trainer(SMALL.with_("d.norm", "batch"))
    trainer.advance(1)
    with pytest.raises(BadKnob, match="cannot be combined"):
        trainer.apply("penalty=r1")
    assert trainer.config.penalty.name == "none" and not trainer.events


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
