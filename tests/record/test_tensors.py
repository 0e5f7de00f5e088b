"""Tensors are laid out as the library of safetensors reads them."""

import pytest
import safetensors.torch
import torch

from gancore.record.tensors import NAMES, pieces

ONE = torch.arange(6.0)
MANY = {
    "matrix": torch.randn(3, 5),
    "number": torch.tensor(7),
    "empty": torch.empty(0, 4),
    "turned": torch.randn(4, 3).T,
    "part": ONE[1:4],
    "whole": ONE,
    "of one": torch.ones(1).expand(5),
    "näme \"'": torch.zeros(1),
}


def whole(tensors) -> bytes:
    size, told = pieces(tensors)
    payload = b"".join(told)
    assert len(payload) == size
    return payload


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(
        x.dtype is other[name].dtype and torch.equal(x, other[name]) for name, x in one.items()
    )


@pytest.mark.parametrize("tensors", [{}, MANY, {"a" * n: torch.ones(n) for n in range(1, 9)}], ids=len)
def test_the_library_reads_what_is_written(tensors):
    assert same(safetensors.torch.load(whole(tensors)), tensors)


@pytest.mark.parametrize("dtype", NAMES, ids=str)
def test_every_kind_of_number(dtype):
    x = torch.arange(7).to(dtype)
    read = safetensors.torch.load(whole({"x": x, "y": torch.ones(2)}))
    assert read["x"].dtype is dtype and torch.equal(read["x"], x) and torch.equal(read["y"], torch.ones(2))


def test_a_tensor_is_not_copied():
    x = torch.zeros(1000)
    _, told = pieces({"x": x})
    x[0] = 1.0
    assert safetensors.torch.load(b"".join(told))["x"][0] == 1.0


def test_numbers_that_are_not_kept_are_named():
    with pytest.raises(TypeError, match=r"x is of torch\.complex64: give one of torch\.float64"):
        pieces({"x": torch.zeros(2, dtype=torch.complex64)})
