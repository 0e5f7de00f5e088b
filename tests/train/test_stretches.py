"""Compiled kernels are PyTorch's own to the last bit, and what is not is not used."""

import re
from types import SimpleNamespace

import pytest
import torch

from gancore.config import Config
from gancore.train.engines import compiled, proving, stretches
from gancore.train.engines.compiled import stretched
from gancore.train.engines.compiling import SOURCES
from gancore.train.engines.numbers import Book
from gancore.train.engines.plan import Call, Filled
from gancore.train.engines.proving import run
from gancore.train.engines.stretches import KERNELS, Stretch, in_panels, programmed
from gancore.train.engines.tape import aten, bits
from gancore.train.trainer import Trainer
from tests.train.small import SMALL, without_waiting

ODD = torch.tensor([0.0, -0.0, 1.0, -1.0, float("inf"), -float("inf"), float("nan"), 1e-42, -1e-42, 3e38, -3e38])


pytestmark = pytest.mark.usefixtures("built")


def chance(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def odd(n=200):
    """Numbers of every kind, and as many ordinary ones."""
    return torch.cat([ODD.repeat_interleave(len(ODD)), chance(n)])


def alike(operation, *args, into="out", **options):
    """Whether the kernels leave what the operation leaves."""
    name = "out" if into.endswith("out") else into
    made = operation(*args, **options)
    one, other = torch.full_like(made, 7.0), torch.full_like(made, 7.0)
    overload = getattr(operation, into)
    overload(*args, **options, **{name: one})
    program = programmed(Call(overload, args, options, (other,), (name,)))
    assert program is not None, "no kernels for it"
    run(program)
    return torch.equal(bits(one), bits(other))


def test_the_kernels_are_numbered_as_in_their_source():
    listed = re.search(r"enum Kernel \{([^}]*)\}", SOURCES[0].read_text())[1]
    assert tuple(name.strip().lower() for name in listed.split(",")) == KERNELS


@pytest.mark.parametrize("operation", [aten.relu, aten.neg], ids=str)
def test_numbers_one_by_one(operation):
    assert alike(operation, odd())


@pytest.mark.parametrize("operation", [aten.add, aten.sub, aten.mul, aten.div], ids=str)
def test_numbers_two_by_two(operation):
    x, y = odd(), torch.cat([ODD.repeat(len(ODD)), chance(3, 200)[0]])
    assert alike(operation, x, y)
    assert alike(operation, x, torch.tensor(0.3))
    assert alike(operation, torch.tensor(0.3), y)


def test_pictures_with_their_channels_last():
    x, y = (chance(3, 5, 4, n).to(memory_format=torch.channels_last)[..., :6] for n in (6, 6))
    assert alike(aten.leaky_relu, x, 0.2) and alike(aten.relu, x) and alike(aten.add, x, y)
    assert alike(aten.threshold_backward, x, y, 0, into="grad_input")
    assert alike(aten.leaky_relu_backward, x, y, 0.2, False, into="grad_input")
    assert programmed(Call(aten.add.out, (x, y.contiguous()), {}, (torch.empty_like(x),), ("out",))) is None


def test_slopes_of_bends():
    slope, y = odd(), torch.cat([ODD.repeat(len(ODD)), chance(200)])
    assert alike(aten.threshold_backward, slope, y, 0, into="grad_input")
    assert alike(aten.leaky_relu, y, 0.2)
    assert alike(aten.leaky_relu_backward, slope, y, 0.2, False, into="grad_input")


@pytest.mark.parametrize(
    "m, n, k", [(128, 32, 32), (64, 784, 100), (1, 32, 256), (256, 1, 32), (3, 5, 7), (128, 32, 1)]
)
@pytest.mark.parametrize("turned", range(4))
def test_products_however_their_factors_lie(m, n, k, turned):
    x = chance(k, m).t() if turned & 1 else chance(m, k)
    y = chance(n, k).t() if turned & 2 else chance(k, n)
    assert alike(aten.mm, x, y)
    assert alike(aten.addmm, chance(n), x, y)


K = (1, 15, 16, 17, 100, 191, 192, 193, 200, 255, 383, 384, 385, 576, 577, 784)


@pytest.mark.parametrize("m, n", [(64, 128), (100, 37), (33, 15), (17, 64), (128, 784)])
@pytest.mark.parametrize("turned", range(4))
def test_products_in_panels(m, n, turned):
    """Whether or not they give this BLAS's bits, they give sums that are as near; where they do, each time and on any threads."""
    if not torch.ops.gancore.panels():
        pytest.skip("this processor has no AVX-512")
    same = []
    for k in K:
        x = chance(k, m).t() if turned & 1 else chance(m, k)
        y = chance(n, k).t() if turned & 2 else chance(k, n)
        for affine in (False, True):
            one, other = torch.full((m, n), 7.0), torch.full((m, n), 7.0)
            overload, args = (aten.addmm.out, (chance(n), x, y)) if affine else (aten.mm.out, (x, y))
            overload(*args, out=one)
            call = Call(overload, args, {}, (other,), ("out",))
            program = in_panels(programmed(call))
            assert "panels" in [KERNELS[words[0]] for words in program]
            run(program)
            torch.testing.assert_close(other, one, atol=1e-5 * k, rtol=1e-5)
            same.append(torch.equal(bits(one), bits(other)))
            assert proving.proven(call, in_panels) == same[-1]
    assert all(same) or not any(same[2 * K.index(193) :])  # a BLAS sums in blocks as these do, or it does not


def test_products_in_panels_are_played_where_they_are_quicker(monkeypatch):
    if not torch.ops.gancore.panels():
        pytest.skip("this processor has no AVX-512")
    x, y, out = chance(64, 784), chance(784, 128), torch.empty(64, 128)
    call = Call(aten.mm.out, (x, y), {}, (out,), ("out",))
    kernel = {True: "panels", False: "product"}
    for quicker in (True, False):
        monkeypatch.setattr(proving, "PROVEN", {})
        monkeypatch.setattr(proving, "quicker", lambda call, quicker=quicker: quicker)
        ((which, *_),) = proving.written(call)
        assert KERNELS[which] == kernel[quicker and proving.proven(call, in_panels)]


@pytest.mark.parametrize("m, n, k", [(1, 3, 5), (4, 1, 3), (300, 300, 1), (15, 17, 400), (64, 64, 3)])
def test_small_products_and_those_of_single_factors_are_left_to_blas(m, n, k, monkeypatch):
    """Of few outputs an agreement may be luck, and of one factor even a zero has its sign."""
    monkeypatch.setattr(proving, "PROVEN", {})
    monkeypatch.setattr(proving, "quicker", lambda call: True)
    call = Call(aten.mm.out, (chance(m, k), chance(k, n)), {}, (torch.empty(m, n),), ("out",))
    program = proving.written(call)
    assert program is None or "panels" not in [KERNELS[words[0]] for words in program]


def test_sums_that_vanish_are_zero_as_those_of_blas():
    if not torch.ops.gancore.panels():
        pytest.skip("this processor has no AVX-512")
    x, y = chance(64, 32) * 1e-30, chance(32, 48) * 1e-12
    one, other = torch.empty(64, 48), torch.empty(64, 48)
    torch.mm(x, y, out=one)
    call = Call(aten.mm.out, (x, y), {}, (other,), ("out",))
    run(in_panels(programmed(call)))
    assert not proving.proven(call, in_panels) or torch.equal(bits(one), bits(other))


def test_which_products_are_quicker_is_measured(monkeypatch):
    call = Call(aten.mm.out, (chance(256, 128), chance(128, 128)), {}, (torch.empty(256, 128),), ("out",))
    for wanted, quicker in ((0.0, True), (1e6, False)):  # times as fast
        monkeypatch.setattr(proving, "GAIN", wanted)
        assert proving.quicker(call) is quicker


@pytest.mark.parametrize("n", range(1, 6))
@pytest.mark.parametrize("m, k", [(128, 512), (256, 128), (37, 5), (1, 2), (32, 32)])
def test_products_of_a_few_columns(m, n, k):
    assert alike(aten.mm, chance(m, k), chance(k, n))
    assert alike(aten.mm, chance(k, m).t(), chance(k, n))


@pytest.mark.parametrize("m", [1, 2, 3, 15, 16, 17, 64, 127, 256, 300, 5000])
@pytest.mark.parametrize("n", [8, 9, 31, 32, 33, 45, 128])
def test_sums_in_their_order(m, n):
    assert alike(aten.sum, chance(m, n), [0], True, into="IntList_out")
    assert alike(aten.sum, chance(n, m + 7), [1], into="IntList_out")
    assert alike(aten.mean, chance(n, m + 7), [1])
    assert alike(aten.mean, chance(m, n), into="dtype_out")


def test_what_lies_elsewhere_is_brought():
    assert alike(aten.stack, [chance(5), chance(6)[1:]])
    assert alike(aten.cat, [chance(5, 3), chance(2, 3)])
    assert alike(aten.clone, chance(4, 4))
    assert alike(aten.index, chance(9, 6), [torch.tensor([8, 0, 3, 3])], into="Tensor_out")


def test_a_single_row_is_left_to_pytorch():
    call = Call(
        aten.index.Tensor_out, (chance(1), [torch.zeros(4, dtype=torch.int64)]), {}, (torch.empty(4),), ("out",)
    )
    assert stretched([call]) == [call]


def test_what_lies_on_a_device_is_left_to_pytorch():
    there = torch.empty(4, device="meta")
    call = Call(aten.clone.out, (there,), {}, (torch.empty_like(there),), ("out",))
    assert stretched([call]) == [call]


def test_kernels_are_tried_on_bytes_of_their_own(monkeypatch):
    monkeypatch.setattr(proving, "PROVEN", {})
    monkeypatch.setattr(proving, "run", lambda program: None)
    pictures, out = torch.arange(64, dtype=torch.uint8).view(8, 8), torch.full((3, 8), 9, dtype=torch.uint8)
    call = Call(aten.index.Tensor_out, (pictures, [torch.tensor([7, 0, 3])]), {}, (out,), ("out",))
    assert stretched([call]) == [call] and (out == 9).all()


def test_bytes_become_numbers():
    out, given = torch.empty(256), torch.arange(256, dtype=torch.uint8)
    run(programmed(Call(aten._to_copy.out, (given,), {}, (out,), ("out",))))
    assert out.tolist() == list(range(256))


def test_numbers_are_halved_to_the_nearest_and_to_the_even_one_of_two():
    exact = torch.arange(1 << 16, dtype=torch.int32).bitwise_left_shift(16)
    given = torch.cat([exact + more for more in (0, 1, 0x7FFF, 0x8000, 0x8001)]).view(torch.float32)
    given = given[~given.isnan()]
    half, back = torch.empty(len(given), dtype=torch.bfloat16), torch.empty(len(given))
    run(programmed(Call(aten._to_copy.out, (given,), {}, (half,), ("out",))))
    run(programmed(Call(aten._to_copy.out, (half,), {}, (back,), ("out",))))
    assert torch.equal(bits(half), bits(given.to(torch.bfloat16)))
    assert torch.equal(bits(back), bits(given.to(torch.bfloat16).float()))


def test_a_number_that_changes_keeps_its_call():
    x, changing = torch.ones(3), Book().leaf("rate", 0.1)
    for y in (torch.ones(3), Filled.of(changing, torch.float32)):
        call = Call(aten.mul.out, (x, y), {}, (torch.empty(3),), ("out",))
        assert (programmed(call) is None) is isinstance(y, Filled)


def test_kernels_that_give_other_bits_are_not_used(monkeypatch):
    call = Call(aten.relu.out, (chance(11),), {}, (torch.empty(11),), ("out",))
    assert isinstance(stretched([call])[0], Stretch)
    monkeypatch.setattr(proving, "PROVEN", {})
    monkeypatch.setitem(stretches.WRITERS, aten.relu.out, stretches.WRITERS[aten.neg.out])
    assert stretched([call]) == [call]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"data": "ring", "noise.dim": 2},
        {"penalty": "wgan-gp"},
        {"d": "maxout"},
        {"g.norm": "batch"},
        {"g.dropout": 0.3},
        {"d.activation": "leaky-relu"},
        {"dynamics": "lookahead", "dynamics.k": 3},
        {"constraint": "spectral-norm"},
        {"precision": "bfloat16"},
        {"g_opt": "sgd", "d_opt": "rmsprop"},
    ],
    ids=str,
)
def test_compiled_it_is_the_plain_engine_bit_for_bit(settings, monkeypatch):
    without_waiting(monkeypatch)
    config = Config.from_flat(SMALL | settings)
    plain, fast = Trainer(config, engine="eager"), Trainer(config)
    assert torch.equal(plain.advance(60), torch.cat([fast.advance(n) for n in (1, 2, 7, 30, 20)]))
    for name, x in plain.state.tensors().items():
        assert torch.equal(x, fast.state.tensors()[name]), name
    assert fast.engine.told == "compiled"


def test_kernels_that_come_late_are_swapped_in_without_a_seam(monkeypatch):
    coming = SimpleNamespace(ready=lambda: False, why="")
    without_waiting(monkeypatch)
    monkeypatch.setattr(compiled, "kernels", coming)
    trainer, told, rows = Trainer(Config.from_flat(SMALL)), [], []
    for n in (10, 20):
        rows.append(trainer.advance(n))
        told.append(trainer.engine.told)
        coming.ready = lambda: True
    assert told == ["looped", "compiled"]
    assert torch.equal(torch.cat(rows), Trainer(Config.from_flat(SMALL), engine="eager").advance(30))


def test_a_faster_loop_that_plays_differently_is_dropped(monkeypatch):
    without_waiting(monkeypatch)
    monkeypatch.setattr(compiled, "stretched", lambda calls: calls[:-1])
    trainer = Trainer(Config.from_flat(SMALL))
    rows = trainer.advance(30)
    assert trainer.engine.told == "looped"
    assert torch.equal(rows, Trainer(Config.from_flat(SMALL), engine="eager").advance(30))
