"""What a tape holds, what it refuses, and that whole iterations played from it leave no seam."""

import itertools

import pytest
import torch

from gancore.config import Config
from gancore.train.engines import looped
from gancore.train.engines.numbers import Book, function
from gancore.train.engines.plan import needed, out_variant, packed
from gancore.train.engines.tape import Recorder, Untaped
from gancore.train.trainer import Trainer
from tests.train.small import RULES, SMALL, without_waiting


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    without_waiting(monkeypatch)


def recorded(act, *inputs):
    recorder = Recorder(inputs, [], Book())
    with recorder:
        results = act(*inputs)
    return needed(recorder.steps, [recorder.held(x) for x in results])


def ran(steps):
    return [str(step.run) for step in steps]


def test_what_is_asked_twice_runs_once_and_what_is_not_asked_not_at_all():
    def wasteful(x):
        torch.exp(x)
        return (x.sin() + x.sin(),)

    assert ran(recorded(wasteful, torch.ones(3))) == ["aten.sin.default", "aten.add.Tensor"]


def test_what_was_written_to_since_is_not_the_same():
    def steps(x, y):
        one = x * 2
        y.add_(one)
        x.add_(1.0)
        return y, x * 2

    assert ran(recorded(steps, torch.ones(3), torch.ones(3))).count("aten.mul.Tensor") == 2


def test_views_and_constants_are_made_once_and_not_played():
    def slope(x):
        return ((torch.ones(3) * 2 + x.view(3, 1).t()) @ x.view(3, 1),)

    assert ran(recorded(slope, torch.ones(3))) == ["aten.add.Tensor", "aten.mm.default"]


@pytest.mark.parametrize(
    "act, why",
    [
        (lambda x: (x + torch.rand(3),), "no generator can be named"),
        (lambda x: (x + torch.rand(3, generator=torch.Generator().manual_seed(1)),), "nobody drew"),
        (lambda x: (x + 1 if x.sum() > 0 else x,), "depends on what it is given"),
        (lambda x: (x[x > 0],), "depends on what it is given"),
    ],
)
def test_what_a_tape_cannot_play_is_refused_with_the_reason(act, why):
    with pytest.raises(Untaped, match=why):
        recorded(act, torch.ones(3))


def test_a_number_remembers_how_it_came_about():
    book = Book()
    lr, t = book.leaf("lr", 0.001), book.leaf("t", 3.0)
    size = -(lr * 2) / (1 - 0.9 ** (t + 1))
    assert size.true == -(0.001 * 2) / (1 - 0.9**4) != float.__float__(size)
    assert function([size.formula], ["lr", "t"], {})(0.5, 7.0) == (-(0.5 * 2) / (1 - 0.9**8),)
    assert (max(0.0, t) is t) and book.ways == {"(t > 0.0)": True}


def test_results_go_where_they_are_told():
    run, names = out_variant(torch.ops.aten.threshold_backward.default)
    assert names == ("grad_input",) and run._schema.name == "aten::threshold_backward"
    assert out_variant(torch.ops.aten.bernoulli_.float) is None


@pytest.mark.parametrize("settings", RULES, ids=str)
def test_a_loop_is_the_plain_engine_bit_for_bit_however_it_is_cut(settings):
    config = Config.from_flat(SMALL | settings)
    plain, loop = Trainer(config, engine="eager"), Trainer(config, engine="looped")
    rows = plain.advance(60)
    assert torch.equal(rows, torch.cat([loop.advance(n) for n in (1, 2, 7, 30, 20)]))
    for name, x in plain.state.tensors().items():
        assert torch.equal(x, loop.state.tensors()[name]), name
    assert loop.engine.told == "looped"


def test_a_knob_is_turned_without_a_new_tape_and_leaves_no_seam():
    config = Config.from_flat(SMALL | {"penalty": "r1"})
    rows, tapes = [], []
    for engine in ("looped", "eager"):
        trainer = Trainer(config, engine=engine)
        played = [trainer.advance(5)]
        for change in ("penalty.gamma=3", "d_opt.lr=0.01", "g_opt.beta1=0.1"):
            trainer.apply(change)
            played.append(trainer.advance(5))
            if engine == "looped":
                tapes.append(id(trainer.engine.loops[0]))
        trainer.apply("loss=hinge")
        rows.append(torch.cat([*played, trainer.advance(5)]))
    assert torch.equal(*rows)
    assert len(set(tapes)) == 1


def test_adam_s_kernel_takes_the_step_of_its_formula():
    adam = Config().d_opt
    chance = torch.Generator().manual_seed(0)
    weights, moments = torch.randn(50, generator=chance, dtype=torch.float64), None
    moments = adam.start(weights)
    for _ in range(5):
        gradient = torch.randn(50, generator=chance, dtype=torch.float64)
        written, kept = adam.written_out(weights, gradient, moments, 0.5)
        weights, moments = adam.step(weights, gradient, moments, 0.5)
        torch.testing.assert_close(weights, written, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(moments, kept, rtol=1e-12, atol=1e-14)


def test_a_state_that_was_kept_aside_stays_what_it_was():
    trainer = Trainer(Config.from_flat(SMALL))
    trainer.advance(10)
    kept = trainer.state.fork()
    before = kept.g.clone()
    trainer.advance(10)
    assert torch.equal(kept.g, before)
    trainer.state = kept
    again = trainer.advance(10)
    assert torch.equal(again, Trainer(Config.from_flat(SMALL), engine="eager").advance(20)[10:])


def test_the_first_iterations_are_played_at_once_and_a_tape_made_while_they_play(monkeypatch):
    monkeypatch.setattr(looped, "PATIENCE", 0.05)
    trainer = Trainer(Config.from_flat(SMALL), engine="looped")
    trainer.advance(1)
    assert trainer.engine.told == "eager"
    trainer.advance(500)
    assert trainer.engine.told == "looped"
    trainer.apply("loss=hinge")
    assert trainer.engine.told == "eager"


def test_it_is_made_piece_by_piece_between_iterations_that_go_on(monkeypatch):
    config = Config.from_flat(SMALL)
    Trainer(config).advance(9)  # what is there once a process is
    monkeypatch.setattr(looped, "PIECE", 0)
    trainer, told, rows = Trainer(config, engine="looped"), [], []
    for _ in range(3):
        rows.append(trainer.advance(1))
        told.append(trainer.engine.told)
    assert trainer.engine.making
    trainer.apply("d_opt.lr=0.01")
    assert not trainer.engine.making, "what was held against other rules is held against these"
    while trainer.engine.told == "eager":
        rows.append(trainer.advance(1))
    rows.append(trainer.advance(20))
    plain = Trainer(config, engine="eager")
    again = [plain.advance(3), plain.apply("d_opt.lr=0.01") or plain.advance(sum(map(len, rows)) - 3)]
    assert torch.equal(torch.cat(rows), torch.cat(again)) and told == ["eager"] * 3


def test_what_lives_at_other_times_shares_memory_and_what_lives_at_once_does_not():
    lives = [(0, 3, 400), (2, 5, 1000), (4, 9, 300), (6, 7, 900), (8, 9, 64), (0, 9, 30)]
    offsets, length = packed(lives)
    for (i, (a, b, n)), (j, (c, d, m)) in itertools.combinations(enumerate(lives), 2):
        apart = offsets[i] + n <= offsets[j] or offsets[j] + m <= offsets[i]
        assert apart or b < c or d < a
    assert length < 1800 < sum(size for *_, size in lives) and all(at % 64 == 0 for at in offsets)
