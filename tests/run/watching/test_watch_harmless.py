"""Truths about watching a loop that is not ours: it changes nothing in it, whatever goes wrong."""

import gc
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.optim import optimizer

from gancore.record.recording import Reader, RecordingError
from gancore.run.watching import gradients, recorder
from gancore.train.trainer import SCALARS
from tests.run.watching.small import d_move, g_move, norm, opened, small
from tests.run.watching.watched import LOOPS, changed, play

ROOT = Path(__file__).parents[3]
STEPS = 500


def bits(left) -> dict[str, torch.Tensor]:
    """All that training has made: weights, buffers, moments, and where the generators of random numbers are."""
    found = {"torch": torch.get_rng_state(), "numpy": torch.tensor(np.random.get_state()[1].astype(np.int64))}
    found["python"] = torch.tensor(random.getstate()[1])
    if isinstance(chance := left.get("chance"), torch.Generator):
        found["chance"] = chance.get_state()
    elif chance is not None:
        found["chance"] = torch.tensor(chance.integers(2**62, size=4))
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


def test_what_cannot_be_watched_is_said_at_once():
    g, d, *_, x = small()
    for wrong, said in (
        ({"real": torch.rand(40, 7)}, r"real has shape \(40, 7\)"),
        ({"real": "mnist"}, "real is a str"),
        ({"real": x / 0}, "not finite"),
        ({"noise": lambda n: torch.randn(n, 5)}, r"generator\(noise\(n\)\) failed for n = 256"),
        ({"real": torch.rand(40, 100)}, r"the generator gave shape \(256, 64\)"),
        ({"generator": None}, "generator is a NoneType"),
        ({"name": "///"}, "letters or digits"),
    ):
        with pytest.raises(ValueError, match=said):
            opened(**{"g": g, "d": d, "x": x} | {"g": wrong.pop("generator", g)} | wrong)


def test_a_fault_is_logged_once_told_in_the_recording_and_never_raised(caplog, eager):
    g, d, opt_g, _, x = small()
    run = opened(g, d, x)
    run._recorder._next_look = 0.0
    broken, g.forward = g.forward, lambda z: 1 / 0
    for i in range(5):
        run.d_step(float(i), torch.zeros(3), torch.zeros(3))
        run.g_step(float(i))
    g.forward = broken
    g_move(d, g, opt_g, 8)  # and nothing of ours is left in the optimisers
    run.close()
    run.d_step("nonsense", object())
    with Reader(run.path) as reader:
        assert [event["what"] for event in reader.events()] == [
            "watch: no more frames: ZeroDivisionError: division by zero"
        ]
        np.testing.assert_array_equal(reader.scalars()[1][:, 0], np.arange(5))
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "loss, real", [("nonsense", None), (None, object()), (torch.zeros(0), torch.zeros(0)), ([], [])]
)
def test_nonsense_is_never_raised_into_the_loop(loss, real):
    g, d, *_, x = small()
    with opened(g, d, x) as run:
        for _ in range(3):
            run.d_step(loss, real, real)
            run.g_step(loss)


def test_a_disk_that_fails_ends_the_recording_and_not_the_training(caplog, monkeypatch):
    g, d, *_, x = small()
    run = opened(g, d, x)
    monkeypatch.setattr(recorder, "READ", 0.0)
    monkeypatch.setattr(recorder, "ATTEND", 0.0)
    run._recorder._next_read = 0.0

    def full(*_):
        raise RecordingError("no room")

    monkeypatch.setattr(run._recorder.recording, "scalars", full)
    for _ in range(4):
        run.d_step(1.0)
        run.g_step(1.0)
    assert not run._recorder.open and len(caplog.records) == 1 and "training goes on" in caplog.text


def test_nothing_is_left_in_the_process_when_nobody_holds_the_run():
    g, d, _, opt_d, x = small()
    before = len(optimizer._global_optimizer_post_hooks)
    run = opened(g, d, x)
    path = run.path
    run.d_step(*d_move(d, g, opt_d, x))
    run.g_step(1.0)
    assert len(optimizer._global_optimizer_post_hooks) == before + 1
    del run
    gc.collect()
    assert len(optimizer._global_optimizer_post_hooks) == before
    with Reader(path) as reader:
        assert reader.iterations() == 1


class Afar(torch.Tensor):
    """A tensor that claims to live on a device, and counts who waits for it."""

    waits = 0
    is_cpu = False

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if getattr(function, "__name__", "") in ("item", "tolist", "__float__", "numpy", "cpu"):
            Afar.waits += 1
        return super().__torch_function__(function, types, args, kwargs or {})


def test_a_move_never_waits_for_a_device(monkeypatch):
    """On the way of a move nothing is read from a tensor that is not on the processor."""
    g, d, *_, x = small()
    with opened(g, d, x) as run:
        run._recorder._next_read = run._recorder._next_look = 1e18
        for i in range(20):
            run.d_step(
                torch.tensor(float(i)).as_subclass(Afar),
                torch.ones(5).as_subclass(Afar),
                torch.ones(5).as_subclass(Afar),
            )
            run.g_step(torch.tensor(float(i)).as_subclass(Afar))
        assert Afar.waits == 0
    with Reader(run.path) as reader:
        np.testing.assert_array_equal(reader.scalars()[1][:, 0], np.arange(20))


LEFT = """
import os, sys, torch
from torch import nn
from gancore import watch
assert "streamlit" not in sys.modules
g, d = nn.Linear(4, 64), nn.Linear(64, 1)
run = watch("mine", generator=g, discriminator=d, noise=lambda n: torch.randn(n, 4), real=torch.rand(40, 64))
for i in range(7):
    run.d_step(float(i)); run.g_step(float(i))
if os.fork() == 0:
    run.d_step(99.0); run.g_step(99.0); run.close()
    os._exit(0)
os.wait()
"""


def test_a_process_that_just_ends_leaves_a_whole_file_and_its_forks_do_not_write(runs):
    subprocess.run([sys.executable, "-c", LEFT], check=True, cwd=ROOT, env={**os.environ, "GANSCOPE_RUNS": str(runs)})
    assert [p.name for p in runs.iterdir()] == ["mine.sqlite"]
    with Reader(runs / "mine.sqlite") as reader:
        np.testing.assert_array_equal(reader.scalars()[1][:, 0], np.arange(7))
        assert reader.frames() == [0, 7]


def test_the_package_itself_is_light():
    code = "import sys, gancore; assert 'torch' not in sys.modules; from gancore import watch; assert callable(watch)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_optimisers_are_left_alone_while_there_is_no_time_for_gradients(monkeypatch):
    monkeypatch.setattr(recorder, "ATTEND", 0.0)
    g, d, opt_g, opt_d, x = small()
    norms = []
    with opened(g, d, x) as run:
        for step in range(6):
            if step in (2, 4):
                run._recorder._moves.left = -1e9 if step == 2 else 1.0
            run.d_step(*d_move(d, g, opt_d, x))
            norms.append(norm(d))
            run.g_step(g_move(d, g, opt_g, 40))
            assert len(optimizer._global_optimizer_post_hooks) == (step not in (2, 3))
    with Reader(run.path) as reader:
        kept = reader.scalars()[1][:, SCALARS.index("d_grad")]
    np.testing.assert_allclose(kept, [*norms[:3], np.nan, np.nan, norms[5]], rtol=1e-5)


def test_a_fault_in_a_gradient_is_told_and_never_raised_into_a_step(monkeypatch, caplog):
    g, d, opt_g, opt_d, x = small()
    monkeypatch.setattr(gradients, "square", lambda found: 1 / 0)
    with opened(g, d, x) as run:
        run.d_step(*d_move(d, g, opt_d, x))
        run.g_step(g_move(d, g, opt_g, 40))
    with Reader(run.path) as reader:
        assert ["no more gradients" in event["what"] for event in reader.events()] == [True]
        assert reader.iterations() == 1
    assert len(caplog.records) == 1 and not optimizer._global_optimizer_post_hooks
