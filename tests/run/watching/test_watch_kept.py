"""Truths about watching a loop that is not ours: what is kept is what happened."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from gancore.observe.frame import Frame
from gancore.record.recording import Reader
from gancore.run.watching import budget, recorder
from gancore.train.trainer import SCALARS
from tests.run.watching.small import d_move, g_move, norm, opened, small


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


def test_two_of_one_name_are_two_files_and_the_second_closes_the_first(runs):
    g, d, *_, x = small()
    first = opened(g, d, x)
    second = opened(g, d, x)
    first.g_step(1.0)
    assert [first.path.name, second.path.name] == ["small.sqlite", "small-2.sqlite"]
    assert not first._recorder.open and second._recorder.open
    second.close()
    assert sorted(p.name for p in runs.iterdir()) == ["small-2.sqlite", "small.sqlite"]


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
