"""Stacked MNIST is three independent digits a picture, a thousand modes of about equal weight."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gancore import seeds
from gancore.game.data import archive, data
from gancore.game.data.stacked import Stacks
from tests.game.test_images import needs_mnist, put, tiny


@pytest.fixture
def stacks(home, monkeypatch) -> Stacks:
    put(home / "mine", tiny())
    monkeypatch.setenv("GANSCOPE_DATA", str(home / "mine"))
    return data.make("stacked-mnist").open()


def test_a_stack_is_three_digits_of_the_set(stacks):
    assert stacks.shape == (3, 28, 28) and stacks.squash == "sigmoid"
    x = stacks.sample(500, seeds.stream(1, "x"))
    assert x.shape == (500, 3 * 784) and x.dtype == torch.float32
    known = {row.tobytes(): i for i, row in enumerate(stacks.digits.pixels.numpy())}
    rows = np.array([[known[c.tobytes()] for c in s] for s in (x * 255).round().byte().view(-1, 3, 784).numpy()])
    assert torch.equal(x, stacks.sample(500, seeds.stream(1, "x")))
    assert all(len(set(rows[:, i])) == 30 for i in range(3)) and len({tuple(r) for r in rows}) > 480
    assert abs(np.corrcoef(rows.T) - np.eye(3)).max() < 5 / np.sqrt(500)


def test_the_gallery_is_labelled_by_its_three_digits(stacks):
    labels = {row.tobytes(): label for row, label in zip(stacks.digits.pixels.numpy(), stacks.digits.labels.tolist())}
    read = [[labels[c.tobytes()] for c in stack] for stack in stacks.pixels[:50].view(50, 3, 784).numpy()]
    assert stacks.labels[:50].tolist() == [100 * a + 10 * b + c for a, b, c in read]
    assert stacks.pixels.shape == (10_000, 2352) and stacks.pixels is stacks.pixels
    assert data.make("stacked-mnist").open() is stacks


@needs_mnist
def test_there_are_a_thousand_modes():
    """26,000 real stacks find all of them, and lie as near to uniform as MNIST's own classes allow (KL 0.024)."""
    digits = data.make("mnist").open()
    rows = Stacks(digits)._rows(26_000, seeds.stream(1, "x"))
    counts = torch.bincount((digits.labels[rows].long() * torch.tensor([100, 10, 1])).sum(1), minlength=1000)
    share = counts.double() / 26_000
    assert (counts > 0).all() and len(archive.FILES) == 4
    assert (share * (share * 1000).log()).sum().item() == pytest.approx(0.0237, abs=0.003)
