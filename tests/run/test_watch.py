"""Truths about watching a loop that is not ours: it changes nothing in it, and what it keeps is what happened."""

import random

import numpy as np
import pytest
import torch

from gancore.record.recording import Reader
from gancore.run.watching import budget, recorder
from tests.run.watched import LOOPS, changed, play

STEPS = 500


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSCOPE_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def eager(monkeypatch):
    """A watcher that looks much oftener than it should, and measures every gradient."""
    monkeypatch.setattr(recorder, "PER_SECOND", 30.0)
    monkeypatch.setattr(recorder, "READ", 0.0)
    monkeypatch.setattr(budget, "ADVANCE", 1e9)


def bits(left) -> dict[str, torch.Tensor]:
    """All that training has made: weights, buffers, moments, and where the generators of random numbers are."""
    found = {"torch": torch.get_rng_state(), "numpy": torch.tensor(np.random.get_state()[1].astype(np.int64))}
    found["python"] = torch.tensor(random.getstate()[1])
    for name in ("chance",):
        if isinstance(left.get(name), torch.Generator):
            found[name] = left[name].get_state()
        elif name in left:
            found[name] = torch.tensor(left[name].integers(2**62, size=4))
    for i, player in enumerate(left["PLAYERS"]):
        found |= {f"player {i} {name}": tensor for name, tensor in player.state_dict().items()}
        found |= {f"mode {i} {name}": torch.tensor(layer.training) for name, layer in player.named_modules()}
    for i, optimiser in enumerate(left["OPTIMISERS"]):
        for j, state in optimiser.state_dict()["state"].items():
            found |= {f"optimiser {i} {j} {name}": torch.as_tensor(value) for name, value in state.items()}
    return found


@pytest.mark.parametrize("path", LOOPS, ids=lambda path: path.stem)
def test_a_watched_loop_trains_bit_for_bit_as_if_nobody_watched(path, eager):
    alone = bits(play(path, STEPS, watched=False))
    left = play(path, STEPS, watched=True)
    watched = bits(left)
    assert alone.keys() == watched.keys()
    assert [name for name in alone if not torch.equal(alone[name], watched[name])] == []
    with Reader(left["run"].path) as reader:
        assert reader.events() == []
        assert len(reader.frames()) > 5, "the watcher did not look often enough for this to say anything"


@pytest.mark.parametrize("path", LOOPS, ids=lambda path: path.stem)
def test_watching_takes_four_lines_or_fewer(path):
    assert changed(path) <= 4
