"""Truths about watching a loop that is not ours: it changes nothing in it, and what it keeps is what happened."""

import gc
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import softplus
from torch.optim import optimizer

from gancore import watch
from gancore.observe.frame import Frame
from gancore.record.recording import Reader, RecordingError
from gancore.run.watching import budget, gradients, recorder
from gancore.train.trainer import SCALARS
from tests.run.watched import LOOPS, changed, play

ROOT = Path(__file__).parents[2]
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
    monkeypatch.setattr(recorder, "ATTEND", 0.0)
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


def small():
    """Two players, their optimisers, and pictures to play on."""
    torch.manual_seed(0)
    g = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 64), nn.Tanh())
    d = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 1))
    return g, d, torch.optim.SGD(g.parameters(), 0.01), torch.optim.SGD(d.parameters(), 0.01), torch.rand(40, 64)


def opened(g, d, x, name="small", **more):
    return watch(name, generator=g, discriminator=d, **{"noise": lambda n: torch.randn(n, 4), "real": x} | more)


def d_move(d, g, opt, x):
    on_real, on_fake = d(x), d(g(torch.randn(len(x), 4)).detach())
    loss = softplus(-on_real).mean() + softplus(on_fake).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss, on_real, on_fake


def g_move(d, g, opt, n):
    loss = softplus(-d(g(torch.randn(n, 4)))).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


def norm(module):
    return torch.cat([p.grad.flatten() for p in module.parameters()]).norm().item()


def test_every_iteration_is_kept_as_it_happened(eager):
    g, d, opt_g, opt_d, x = small()
    expected = []
    with opened(g, d, x) as run:
        for _ in range(30):
            loss_d, on_real, on_fake = d_move(d, g, opt_d, x)
            row = [loss_d.item(), on_real.mean().item(), on_fake.mean().item(), norm(d)]
            loss_g = g_move(d, g, opt_g, 40)  # adds to D's gradients too
            run.d_step(loss_d, on_real, on_fake)
            run.g_step(loss_g)
            expected.append([*row, loss_g.item(), norm(g)])
    with Reader(run.path) as reader:
        iterations, values = reader.scalars()
        assert reader.names == SCALARS and reader.config["watched"] == "small"
    assert iterations.tolist() == list(range(1, 31))
    np.testing.assert_allclose(values, expected, rtol=2e-6, atol=1e-7)


def test_a_loop_may_write_to_what_it_handed_over():
    """What waited when that is first found out is a gap, never a number that is wrong; from then on nothing waits."""
    g, d, *_, x = small()
    with opened(g, d, x) as run:
        for step in range(1, 7):
            run._recorder._next_read = run._recorder._attend_at = 0.0 if step == 4 else 1e18
            said = torch.full((40, 1), float(step), requires_grad=True) * 1
            with torch.inference_mode():
                on_fake = torch.full((40, 1), -float(step))
            run.d_step(said.mean(), said, on_fake)
            said.detach().zero_()
            run.g_step(0.0)
    with Reader(run.path) as reader:
        values = reader.scalars()[1]
    np.testing.assert_array_equal(values[:, 0], np.arange(1, 7))
    np.testing.assert_array_equal(values[:, 1], [np.nan, np.nan, np.nan, np.nan, 5, 6])
    np.testing.assert_array_equal(values[:, 2], -np.arange(1, 7))


@pytest.mark.parametrize(
    "moves, rows", [("dg" * 4, 4), ("gd" * 4, 4), ("dddddg" * 3, 3), ("dgg" * 3, 3), ("dgdgd", 2), ("ddd", 0)]
)
def test_an_iteration_ends_where_its_first_player_moves_again(moves, rows):
    g, d, *_, x = small()
    counts = {"d": 0.0, "g": 0.0}
    with opened(g, d, x) as run:
        for who in moves:
            counts[who] += 1
            getattr(run, f"{who}_step")(counts[who])
    with Reader(run.path) as reader:
        values = reader.scalars()[1]
    assert len(values) == rows
    kinds = re.findall("d+g+" if moves[0] == "d" else "g+d+", moves)
    last = {who: np.cumsum([kind.count(who) for kind in kinds]) for who in "dg"}
    np.testing.assert_array_equal(values[:, 0], last["d"])
    np.testing.assert_array_equal(values[:, 4], last["g"])


def test_frames_hold_what_the_panels_draw_and_the_same_z_throughout():
    g, d, *_, x = small()
    with opened(g, d, x) as run:
        run.d_step(1.0, torch.randn(40), torch.randn(30, 1))
        run.g_step(1.0)
    with Reader(run.path) as reader:
        assert reader.frames() == [0, 1]
        first, last = (Frame.decode(reader.frame(i)) for i in (0, 1))
    assert {"grid_fixed", "grid_nearest", "pca_x", "pca_y", "pca_z", "d_loss", "g_grad_t", "time"} <= last.arrays.keys()
    assert last.arrays["score_real"].sum() == pytest.approx(1) and last.info["d_updates"] == last.info["g_updates"] == 1
    np.testing.assert_array_equal(first.arrays["grid_fixed"], last.arrays["grid_fixed"])  # G has not moved
    assert {"grid_real", "real_x", "explained"} <= first.arrays.keys()


@pytest.mark.parametrize("real, shape, expected", [
    (torch.randn(300), (1,), {"p_g", "d_x", "w1", "map_x"}),
    (torch.randn(300, 2), (2,), {"fake_x", "d_image", "sw1"}),
    (torch.rand(50, 3, 100, 80), (3, 100, 80), {"grid_fixed", "pca_x"}),
    (torch.rand(50, 2, 9, 9), (2, 9, 9), {"grid_fixed"}),
    (torch.randint(0, 256, (50, 12, 12)), (12, 12), {"grid_fixed"}),
], ids=["line", "plane", "colour", "two channels", "bytes"])  # fmt: skip
def test_pictures_points_and_numbers(real, shape, expected):
    g = nn.Sequential(nn.Linear(4, int(np.prod(shape))), nn.Unflatten(1, shape))
    d = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 1))
    with opened(g, d, real) as run:
        pass
    with Reader(run.path) as reader:
        frame = Frame.decode(reader.frame(0))
        assert reader.events() == [] and expected <= frame.arrays.keys()
    assert all(np.isfinite(frame.arrays[name]).any() for name in expected)


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


def test_two_of_one_name_are_two_files_and_the_second_closes_the_first(runs):
    g, d, *_, x = small()
    first = opened(g, d, x)
    second = opened(g, d, x)
    first.g_step(1.0)
    assert [first.path.name, second.path.name] == ["small.sqlite", "small-2.sqlite"]
    assert not first._recorder.open and second._recorder.open
    second.close()
    assert sorted(p.name for p in runs.iterdir()) == ["small-2.sqlite", "small.sqlite"]


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


def test_several_optimisers_of_one_player_and_accumulated_parts_make_one_gradient(eager):
    """The norm is that of all that G's optimisers stepped by, whatever parts it was added up from."""
    torch.manual_seed(0)
    body, head = nn.Linear(4, 8), nn.Linear(8, 64)
    g, d = nn.DataParallel(nn.Sequential(body, head)), nn.DataParallel(nn.Linear(64, 1))
    opts = [torch.optim.Adam(body.parameters()), torch.optim.SGD(head.parameters(), 0.1)]
    expected = []
    with opened(g, d, torch.rand(40, 64)) as run:
        for _ in range(5):
            run.d_step(1.0)
            for opt in opts:
                opt.zero_grad()
            for _ in range(3):
                d(g(torch.randn(6, 4))).mean().backward()
            expected.append(norm(g))
            for opt in opts:
                opt.step()
            run.g_step(1.0)
    with Reader(run.path) as reader:
        np.testing.assert_allclose(reader.scalars()[1][:, SCALARS.index("g_grad")], expected, rtol=1e-5)
        assert reader.config["generator"] == "Sequential"  # the network inside its wrapper


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


@pytest.mark.parametrize("order", ["dg", "gd", "dddg", "dgg"])
def test_every_look_holds_what_d_said_whoever_moves_first(order, monkeypatch):
    monkeypatch.setattr(recorder, "ATTEND", 0.0)
    monkeypatch.setattr(recorder, "PER_SECOND", 1e9)
    monkeypatch.setattr(budget, "ADVANCE", 1e9)
    g, d, *_, x = small()
    with opened(g, d, x) as run:
        for who in order * 20:
            run.d_step(1.0, torch.randn(40), torch.randn(40)) if who == "d" else run.g_step(1.0)
    with Reader(run.path) as reader:
        later = [Frame.decode(reader.frame(at)).arrays for at in reader.frames()[1:]]
    assert len(later) > 5 and all("score_real" in arrays for arrays in later)


def test_a_look_that_was_begun_is_taken_at_the_next_move_of_g(monkeypatch):
    """Else every move until there is time again would be attended to, and use up the time that comes in."""
    monkeypatch.setattr(recorder, "ATTEND", 0.0)
    g, d, *_, x = small()
    with opened(g, d, x) as run:
        run._recorder._next_look = 0.0
        run.d_step(1.0, torch.randn(40), torch.randn(40))
        run._recorder._frames.spend(1e9)
        run.g_step(1.0)
        assert run._recorder._looked == 1


def test_a_loop_that_only_moves_g_is_looked_at_all_the_same(monkeypatch):
    monkeypatch.setattr(recorder, "ATTEND", 0.0)
    monkeypatch.setattr(recorder, "PER_SECOND", 1e9)
    monkeypatch.setattr(budget, "ADVANCE", 1e9)
    g, d, *_, x = small()
    with opened(g, d, x) as run:
        run.d_step(1.0)
        for _ in range(20):
            run.g_step(1.0)
        assert run._recorder._looked >= 1
