"""That chance and the rest of an iteration come apart without a trace; where there is a CUDA device, that graphs agree."""

import pytest
import torch

from gancore.config import Config
from gancore.train.engines import graph, usual
from gancore.train.engines.numbers import Book
from gancore.train.engines.passage import AHEAD
from gancore.train.engines.plan import needed
from gancore.train.engines.split import halves
from gancore.train.engines.tape import Recorder, Untaped, place
from gancore.train.trainer import Trainer
from tests.train.small import RULES, SMALL

on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no CUDA device here")
NO_CHANCE = {"data": "dirac", "noise": "point"}  # and nothing to carry over
PICTURES = {"data": "digits", "g": "dcgan", "d": "dcgan", "g.channels": 4, "d.channels": 4, "batch": 16}


def same(one: Trainer, other: Trainer) -> bool:
    theirs = other.state.tensors()
    return all(torch.equal(x, theirs[name]) for name, x in one.state.tensors().items())


@pytest.mark.parametrize("settings", [*(SMALL | rules for rules in RULES), PICTURES, NO_CHANCE], ids=str)
def test_in_halves_it_is_the_plain_engine_bit_for_bit(settings):
    config = Config.from_flat(settings)
    plain, halved = Trainer(config, engine="eager"), Trainer(config, engine="captured")
    cuts = (1, 2, 3 * AHEAD + 3, 14)
    assert torch.equal(plain.advance(sum(cuts)), torch.cat([halved.advance(n) for n in cuts]))
    assert same(plain, halved)
    assert halved.engine.told == "in halves"


def test_a_turned_knob_leaves_no_seam_and_another_choice_begins_anew():
    config, ends = Config.from_flat(SMALL | {"penalty": "r1"}), []
    for engine in ("eager", "captured"):
        trainer = Trainer(config, engine=engine)
        for change in ("d_opt.lr=0.01", "penalty.gamma=3", "loss=hinge", "g_opt=sgd"):
            trainer.advance(5)
            trainer.apply(change)
        trainer.advance(5)
        ends.append(trainer)
    assert same(*ends)


def test_once_there_are_kernels_they_draw_and_no_bit_changes(monkeypatch, built):
    there = []
    monkeypatch.setattr(graph.kernels, "ready", lambda: bool(there))
    config = Config.from_flat(SMALL | {"g.dropout": 0.3})
    plain, halved = Trainer(config, engine="eager"), Trainer(config, engine="captured")
    rows = [halved.advance(20)]
    draws = halved.engine.graphs[-1].script.text()
    there.append(True)
    rows.append(halved.advance(20))
    assert "gancore.bernoulli" not in draws
    assert "gancore.bernoulli" in halved.engine.graphs[-1].script.text() or not draws_serially()
    assert torch.equal(plain.advance(40), torch.cat(rows)) and same(plain, halved)


def draws_serially() -> bool:
    """Whether PyTorch draws as the kernels do here; with MKL it has other bits."""
    one, other = (torch.Generator().manual_seed(1) for _ in range(2))
    mask = torch.empty(999).bernoulli_(0.5, generator=one)
    return torch.equal(mask, (torch.rand(999, dtype=torch.float64, generator=other) < 0.5).float())


@pytest.mark.parametrize(
    "settings, changing",
    [
        ({}, False),
        ({"g_opt": "sgd", "d_opt": "sgd"}, False),
        ({"schedule": "cosine", "schedule.floor": 1.0}, True),  # it stands still until somebody turns the floor
        ({"g_opt": "rmsprop", "schedule": "exponential"}, True),
        ({"dynamics": "lookahead", "dynamics.k": 2}, False),
    ],
    ids=str,
)
def test_numbers_that_can_change_with_an_iteration_are_told_by_their_formulas(settings, changing):
    trainer = Trainer(Config.from_flat(SMALL | settings), engine="captured")
    trainer.advance(6)
    for one in trainer.engine.graphs:
        assert bool(graph.bare(one.tape.steps) & one.tape.changing(trainer.config)) is changing


def test_what_each_iteration_draws_is_drawn_ahead_and_all_else_is_not():
    chance = torch.Generator().manual_seed(1)

    def iteration(weights):
        noise = torch.randn(3, generator=chance) * 2
        keep = torch.empty_like(weights).bernoulli_(0.5, generator=chance).div_(0.5)
        return (weights * keep + noise,)

    steps, _ = recorded(iteration, chance)
    drawing, rest = halves(steps, set())
    assert [step.run._opname for step in drawing] == ["randn", "bernoulli_"]
    assert [step.run._opname for step in rest] == ["mul", "div_", "mul", "add"]


def test_what_is_drawn_from_the_state_is_refused():
    chance = torch.Generator().manual_seed(1)

    def iteration(weights):
        return (torch.bernoulli(weights, generator=chance),)

    steps, weights = recorded(iteration, chance)
    with pytest.raises(Untaped, match="depends on the state"):
        halves(steps, {place(weights)})


def recorded(act, chance):
    weights = torch.ones(3)
    recorder = Recorder([weights], [chance], Book())
    with recorder:
        results = act(weights)
    return needed(recorder.steps, [recorder.held(x) for x in results]), weights


@pytest.mark.parametrize(
    "wanted, why",
    [
        pytest.param(
            "cuda",
            "PyTorch sees no CUDA device here",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is one"),
        ),
        ("gpu", "GANSCOPE_DEVICE is 'gpu', which can be cpu or cuda"),
    ],
)
def test_where_there_is_no_such_device_the_processor_plays_and_says_why(monkeypatch, wanted, why):
    assert usual() == "compiled"
    monkeypatch.setenv("GANSCOPE_DEVICE", wanted)
    plain, trainer = Trainer(Config.from_flat(SMALL), engine="eager"), Trainer(Config.from_flat(SMALL))
    assert torch.equal(plain.advance(20), trainer.advance(20))
    assert trainer.engine.told.endswith(f": not on CUDA, {why}")


def test_tf32_is_float32_on_a_processor():
    plain, other = Trainer(Config.from_flat(SMALL)), Trainer(Config.from_flat(SMALL | {"precision": "tf32"}))
    assert torch.equal(plain.advance(20), other.advance(20)) and same(plain, other)


@on_cuda
@pytest.mark.parametrize("settings", [*(SMALL | rules for rules in [*RULES, {"precision": "tf32"}]), PICTURES], ids=str)
def test_a_graph_gives_the_plain_engine_s_figures_and_its_own_bits_again(monkeypatch, settings):
    monkeypatch.setenv("GANSCOPE_DEVICE", "cuda")
    config = Config.from_flat(settings)
    plain, one, other = Trainer(config, engine="eager"), Trainer(config), Trainer(config)
    rows = one.advance(200)
    assert one.engine.told.startswith("CUDA")
    assert torch.equal(rows, torch.cat([other.advance(n) for n in (1, 99, 100)])) and same(one, other)
    near = dict(rtol=1e-3, atol=1e-4) if config.precision == "float32" else dict(rtol=1e-1, atol=1e-1)
    torch.testing.assert_close(rows[:20], plain.advance(20), **near)
