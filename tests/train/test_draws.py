"""Kernels draw PyTorch's numbers and leave its generators where it does; where they would not, PyTorch draws."""

from math import nextafter
from types import SimpleNamespace

import pytest
import torch

from gancore.config import Config
from gancore.train.engines import draws
from gancore.train.engines.compiled import stretched
from gancore.train.engines.draws import drawn
from gancore.train.engines.graph import Graph
from gancore.train.engines.numbers import Book
from gancore.train.engines.plan import Call
from gancore.train.engines.scripted import Script, as_function
from gancore.train.engines.tape import aten, bits
from gancore.train.trainer import Trainer
from tests.train.small import SMALL, without_waiting

BLOCK = 624  # words of a generator's state
SIZES = [0, 1, 2, 311, 312, 313, 623, 624, 625, 1249, 5003]
DROPOUT = SMALL | {"g.dropout": 0.3, "d.dropout": 0.5, "noise": "uniform"}

pytestmark = pytest.mark.usefixtures("built")


def stream(before=0):
    """A generator that has drawn so many words."""
    generator = torch.Generator().manual_seed(5)
    torch.rand(before, generator=generator)
    return generator


def by_bernoulli(n, p, generator):
    out = torch.full((n,), 7.0)
    torch.ops.gancore.bernoulli(out, p, generator)
    return out


def by_uniform(n, generator):
    out = torch.full((n,), 7.0)
    torch.ops.gancore.uniform(out, generator)
    return out


def one_by_one(n, p, generator):
    """What PyTorch draws where it takes a generator's words one after another: numbers of 53 bits, below p or not."""
    return (torch.rand(n, generator=generator, dtype=torch.float64) < p).float()


def serially():
    """Whether PyTorch does so here; on Intel's processors it may draw otherwise."""
    one, other = stream(), stream()
    alike = torch.equal(torch.empty(2000).bernoulli_(0.5, generator=one), one_by_one(2000, 0.5, other))
    return alike and same(one, other)


def same(one, other):
    return torch.equal(one.get_state(), other.get_state())


@pytest.mark.parametrize("before", [0, 1, 2, 311, BLOCK - 1, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("n", SIZES)
def test_they_draw_the_same_wherever_the_generator_stands_and_leave_it_in_the_same_place(n, before):
    for p in (0.0, 1.0, 0.5, 0.8, 1e-3, 1 - 2**-53, 5e-324):
        one, other = stream(before), stream(before)
        assert torch.equal(bits(by_bernoulli(n, p, one)), bits(one_by_one(n, p, other))), p
        assert same(one, other)
        assert torch.equal(bits(by_uniform(n, one)), bits(torch.rand(n, generator=other)))
        assert same(one, other)


def test_a_number_that_is_just_p_is_not_below_it():
    numbers = torch.rand(40, generator=stream(), dtype=torch.float64)
    p, at = numbers.min().item(), numbers.argmin()
    assert by_bernoulli(40, p, stream())[at] == 0
    assert by_bernoulli(40, nextafter(p, 1), stream())[at] == 1


def test_draws_follow_one_another_and_pytorch_s_own():
    one, other = stream(), stream()
    for n in SIZES:
        for draw, law in (
            (by_bernoulli, one_by_one),
            (lambda n, _, g: by_uniform(n, g), lambda n, _, g: torch.rand(n, generator=g)),
        ):
            assert torch.equal(draw(n, 0.3, one), law(n, 0.3, other))
            for size in (1, 20):  # of one number PyTorch draws two, and keeps the second in the generator
                assert torch.equal(torch.randn(size, generator=one), torch.randn(size, generator=other))
            assert torch.equal(torch.randperm(7, generator=one), torch.randperm(7, generator=other))


def bernoulli_(out, p, **more):
    return Call(aten.bernoulli_.float, (out, p), {"generator": stream()} | more, (), ())


def rand(out):
    return Call(aten.rand.generator_out, (list(out.shape),), {"generator": stream()}, (out,), ("out",))


def ours(call):
    return [one.run.namespace for one in stretched([call])] == ["gancore"]


def test_they_are_chosen_where_they_draw_what_pytorch_draws():
    assert ours(rand(torch.empty(30, 3)))
    assert ours(bernoulli_(torch.empty(30, 3), 0.8)) is serially()


def test_what_is_asked_otherwise_is_left_to_pytorch(monkeypatch):
    monkeypatch.setattr(draws, "proven", lambda call: True)
    changing = Book().leaf("rate", 0.1)
    assert drawn(bernoulli_(torch.empty(6), 0.1))
    for out, p in (
        (torch.empty(6), changing),
        (torch.empty(6, dtype=torch.float64), 0.1),
        (torch.empty(6, 2)[:, 0], 0.1),
        (torch.empty(6, device="meta"), 0.1),
    ):
        assert drawn(bernoulli_(out, p)) is None
    assert drawn(bernoulli_(torch.empty(6), 0.1, generator=None)) is None


def test_the_trial_leaves_generators_and_memory_alone(monkeypatch):
    monkeypatch.setattr(draws, "PROVEN", {})
    out = torch.full((700,), 7.0)
    call = rand(out)
    assert drawn(call)
    assert same(call.options["generator"], stream()) and (out == 7).all()


def other_bits(out, generator):
    torch.ops.gancore.uniform(out, generator)
    out.view(-1)[-1] = 0.5


def another_place(out, generator):
    torch.ops.gancore.uniform(out, generator.clone_state())


def a_block_too_far(out, generator):
    """Only seen from the middle of a block."""
    began = generator.get_state()
    fresh = torch.equal(began, torch.Generator().manual_seed(generator.initial_seed()).get_state())
    torch.ops.gancore.uniform(out, generator)
    if not fresh:
        torch.rand(1, generator=generator)


@pytest.mark.parametrize("forged", [other_bits, another_place, a_block_too_far])
def test_kernels_that_draw_otherwise_are_not_used(monkeypatch, forged):
    call = rand(torch.empty(30, 3))
    assert ours(call)
    monkeypatch.setattr(draws, "PROVEN", {})
    monkeypatch.setitem(draws.DRAWS, aten.rand.generator_out, lambda out, generator, **_: (forged, (out, generator)))
    assert stretched([call]) == [call]


def test_in_a_loop_every_draw_is_a_draw_and_none_moves():
    """TorchScript may neither drop nor exchange them, and whoever plays says by which generators."""
    script, (a, b), kept = Script([]), (torch.empty(5), torch.empty(5)), torch.empty(3, 2, 5)
    generator = stream()
    for out, p in ((a, 0.5), (a, 0.5), (b, 0.5)):
        run = torch.ops.gancore.bernoulli.default
        script.write(Call(run, (out, p, generator), {}, (), ()))
    for at, out in enumerate((a, b)):
        script.carry(kept[:, at], out)
    one, other = stream(9), stream(9)
    as_function(script)([one], [[], [], []], torch.empty(3, 0), 3)
    expected = torch.stack([one_by_one(5, 0.5, other) for _ in range(9)]).view(3, 3, 5)
    assert torch.equal(kept, expected[:, 1:])
    assert same(one, other) and same(generator, stream())


def test_with_dropout_the_compiled_engine_is_the_plain_one_bit_for_bit(monkeypatch):
    without_waiting(monkeypatch)
    config = Config.from_flat(DROPOUT)
    plain, fast = Trainer(config, engine="eager"), Trainer(config, engine="compiled")
    assert torch.equal(plain.advance(60), torch.cat([fast.advance(n) for n in (1, 2, 7, 30, 20)]))
    agree(plain, fast)
    assert fast.engine.told == "compiled"
    draws_by_kernels(fast.engine.loops[-1].script.text())


def test_for_a_device_too_chance_is_drawn_by_kernels(monkeypatch):
    config = Config.from_flat(DROPOUT)
    plain, halved = Trainer(config, engine="eager"), Trainer(config, engine="captured")
    assert torch.equal(plain.advance(30), torch.cat([halved.advance(n) for n in (1, 29)]))
    agree(plain, halved)
    (graph,) = halved.engine.graphs
    draws_by_kernels(graph.script.text())
    monkeypatch.setattr(draws, "kernels", SimpleNamespace(ready=lambda: False))
    without = Graph(graph.tape, graph.only, graph.device, graph.precision)
    assert "gancore" not in without.script.text()


def agree(one, other):
    for name, x in one.state.tensors().items():
        assert torch.equal(x, other.state.tensors()[name]), name


def draws_by_kernels(text):
    assert "gancore.uniform" in text and "aten.rand(" not in text
    assert ("gancore.bernoulli" in text) is serially() is ("aten.bernoulli_" not in text)
