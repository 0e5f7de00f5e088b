"""The Dirac-GAN: every remedy's walk against its field written by hand, its slope at 0, and where it ends after 500 steps."""

import cmath
import math

import pytest
import torch

from tests.train.smallest import eigenvalues, smallest, walk, walk_g_first, where

pytestmark = pytest.mark.usefixtures("double")
H = 0.2


def f1(t):
    """f'(t) for f(t) = -log(1 + e^-t): 1/2 at 0."""
    return 1 / (1 + math.exp(t))


def f2(t):
    return -f1(t) * (1 - f1(t))


def gan(th, ps):
    return -ps * f1(ps * th), th * f1(ps * th)


def nsgan(th, ps):
    return -ps * f1(-ps * th), th * f1(ps * th)


def wgan(th, ps):
    return -ps, th


def wgan_gp(th, ps):
    return -ps, th - 0.7 * (abs(ps) - 1) * math.copysign(1, ps)


def r1(field, gamma):
    return lambda th, ps: (field(th, ps)[0], field(th, ps)[1] - gamma * ps)


def consensus(th, ps, second=1.0):
    """v - ∇½|v|², where |v|² = (θ² + ψ²) f'(ψθ)²."""
    t, squares = ps * th, th**2 + ps**2
    v = gan(th, ps)
    return (
        v[0] - f1(t) * (th * f1(t) + second * squares * f2(t) * ps),
        v[1] - f1(t) * (ps * f1(t) + second * squares * f2(t) * th),
    )


GP = {"loss": "wasserstein", "penalty": "wgan-gp", "penalty.weight": 0.35}
CLIP = {"loss": "wasserstein", "constraint": "clip", "constraint.c": 1.0}
NS = {"loss": "non-saturating"}


def with_r1(gamma, **settings):
    return {"penalty": "r1", "penalty.gamma": gamma, **settings}


# Field, settings, and the radius after 500 steps from (1, 1): both at once, G and D in turns, G and five times D.
ROWS = {
    "gan": (gan, {}, (3.097, 1.421, 1.845)),
    "nsgan": (nsgan, NS, (0.640, 0.284, 0.139)),
    "wgan-clip": (wgan, CLIP, (1.002, 1.024, 0.917)),
    "wgan-gp": (wgan_gp, GP, (1.802, 1.221, 0.716)),
    "r1": (r1(gan, 0.3), with_r1(0.3), (2.64e-6, 2.30e-7, 9e-34)),
    "r1-critical": (r1(gan, 1.0), with_r1(1.0), (9.5e-22, 7.5e-17, 5.1e-12)),
    "nsgan-r1": (r1(nsgan, 0.3), with_r1(0.3, **NS), (2.2e-6, 1.5e-7, 4e-34)),
}


def by_hand(field, n, k=None, clip=math.inf, d_first=False):
    """The walk along a field: both at once (no k), or one player's turn and then the other's, k for D."""
    th, ps, points = 1.0, 1.0, []
    for _ in range(n):
        if k is None:
            d_th, d_ps = field(th, ps)
            th, ps = th + H * d_th, min(max(ps + H * d_ps, -clip), clip)
        else:
            for turn in "d" * (k * d_first) + "g" + "d" * (k * (not d_first)):
                if turn == "g":
                    th = th + H * field(th, ps)[0]
                else:
                    ps = min(max(ps + H * field(th, ps)[1], -clip), clip)
        points.append((th, ps))
    return torch.tensor(points)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("k", [None, 1, 5], ids=["simultaneous", "alternating", "five-times-d"])
def test_the_walk_is_that_of_the_field(row, k):
    field, settings, printed = ROWS[row]
    if k is None:
        points = walk(smallest(H, **settings), 500)
    else:
        points = walk_g_first(smallest(H, **settings, dynamics="alternating", dynamics__k=k), 500)
    expected = by_hand(field, 500, k, clip=1.0 if row == "wgan-clip" else math.inf)
    torch.testing.assert_close(points, expected, rtol=1e-6, atol=1e-9)
    end = points[-1].norm().item()
    assert end == pytest.approx(printed[[None, 1, 5].index(k)], rel=0.04)  # 9e-34 has one digit


def test_consensus_walks_down_the_size_of_the_field():
    points = walk(smallest(H, dynamics="consensus", dynamics__gamma=1.0), 500)
    torch.testing.assert_close(points, by_hand(consensus, 500), rtol=1e-6, atol=1e-9)
    turns = walk(smallest(H, dynamics="consensus", dynamics__gamma=1.0, dynamics__turns="alternating"), 500)
    torch.testing.assert_close(turns, by_hand(consensus, 500, k=1, d_first=True), rtol=1e-6, atol=1e-9)
    assert points[-1].norm().item() == pytest.approx(2.579e-10, rel=1e-3)


def test_the_notebook_of_consensus_halves_one_term_which_is_why_it_ends_elsewhere():
    """Its radii, 2.1e-10 and 1.3e-11, are not ours: at (.8, .6) its gradient of ½|v|² is .0898 where it should be .0627."""
    halved = lambda th, ps: consensus(th, ps, second=0.5)  # noqa: E731
    for k, printed in ((None, 2.1e-10), (1, 1.3e-11), (5, 5e-33)):
        assert by_hand(halved, 500, k)[-1].norm().item() == pytest.approx(printed, rel=0.05)
    assert [gan(0.8, 0.6)[0] - field(0.8, 0.6)[0] for field in (consensus, halved)] == pytest.approx(
        [0.0627, 0.0898], abs=5e-5
    )


def test_simultaneous_steps_leave_the_circle_at_every_point():
    trainer = smallest(H)
    points = torch.cat([where(trainer)[None], walk(trainer, 200)])
    squares = points.square().sum(1)
    slope = torch.sigmoid(-points.prod(1))  # f'(θψ)
    torch.testing.assert_close(squares[1:], squares[:-1] * (1 + H**2 * slope[:-1] ** 2))


@pytest.mark.parametrize("at", [(1.0, 1.0), (-0.3, 2.0), (4.0, 0.5)])
def test_the_flow_circles_without_a_remedy_and_falls_in_without_saturation(at):
    """d(θ² + ψ²)/dt is 0 for the first GAN, and -2u tanh(u/2) with u = θψ for the non-saturating one."""
    for settings, formula in (({}, 0.0), (NS, -2 * at[0] * at[1] * math.tanh(at[0] * at[1] / 2))):
        trainer = smallest(0.1, at, **settings)
        start = where(trainer)
        trainer.advance(1)
        assert 2 * torch.dot(start, (where(trainer) - start) / 0.1).item() == pytest.approx(formula, abs=1e-9)


@pytest.mark.parametrize("h, rounds, printed", [(0.2, 10, 0.3991), (0.1, 5, 0.1999), (0.02, 1, 0.0400)])
def test_without_saturation_simultaneous_steps_end_on_a_ring_of_radius_root_2h(h, rounds, printed):
    trainer = smallest(h, at=(math.sqrt(2 * h), 0.0), **NS)
    trainer.advance(300)
    steps = 4 * math.pi / h  # of one round
    mean = walk(trainer, round(rounds * steps)).square().sum(1).mean().item()
    assert mean == pytest.approx(printed, abs=2e-4)


def test_without_saturation_turns_fall_in_ever_more_slowly():
    """r² tends to 8 / (h n) after n rounds: its inverse grows by h / 8 in each."""
    squares = walk_g_first(smallest(H, **NS, dynamics="alternating"), 800).square().sum(1)
    whole_turn = round(4 * math.pi / H)
    then, now = (1 / squares[n - whole_turn : n].mean().item() for n in (400, 800))
    assert (now - then) / 400 == pytest.approx(H / 8, rel=0.02)


@pytest.mark.parametrize("h", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("settings", [{}, NS], ids=["gan", "nsgan"])
def test_at_0_every_step_turns_and_stretches(h, settings):
    """1 ± ih/2: the flow only turns, by ±i/2, and a step goes along its tangent."""
    values = eigenvalues(smallest(h, at=(0.0, 0.0), **settings))[:2]
    torch.testing.assert_close(values.abs(), torch.full((2,), math.sqrt(1 + h**2 / 4)), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(values.real, torch.ones(2), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("h, k, k_g", [(0.2, 1, 1), (0.2, 5, 1), (0.5, 4, 4), (1.5, 3, 3), (1.0, 8, 1)])
def test_turns_stay_on_a_closed_orbit_up_to_a_step_of_two(h, k, k_g):
    a = math.sqrt(k * k_g) * h / 2
    turns = smallest(h, at=(0.0, 0.0), dynamics="alternating", dynamics__k=k, dynamics__k_g=k_g)
    largest = max(abs(1 - a**2 / 2 + sign * cmath.sqrt((1 - a**2 / 2) ** 2 - 1)) for sign in (1, -1))
    assert eigenvalues(turns)[0].abs().item() == pytest.approx(largest, abs=1e-6)
    assert (largest == pytest.approx(1)) == (a <= 2)


@pytest.mark.parametrize("h", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("gamma", [0.01, 0.1, 0.3, 0.99])
@pytest.mark.parametrize("penalty", ["r1", "r2"])
def test_r1_lands_if_the_step_is_below_four_gamma(h, gamma, penalty):
    values = eigenvalues(smallest(h, at=(0.0, 0.0), penalty=penalty, penalty__gamma=gamma))[:2]
    assert values[0].abs().item() == pytest.approx(math.sqrt(1 - h * gamma + h**2 / 4), abs=1e-6)
    assert (values[0].abs() < 1 - 1e-9) == (h < 4 * gamma)
    assert values.imag.abs().min() > 0  # it turns while it falls in


@pytest.mark.parametrize("gamma", [0.2, 0.5, 0.8, 1.5, 3.0])
def test_r1_has_its_threshold_at_twice_the_slope(gamma):
    """-γ/2 ± √(γ²/4 - 1/4): it stops turning at γ = 1. R1 and R2 together count as 2γ."""
    both = {"penalty": "r1-r2", "penalty.gamma1": gamma, "penalty.gamma2": gamma}
    for penalty, size in ((with_r1(gamma), gamma), (both, 2 * gamma)):
        values = (eigenvalues(smallest(H, at=(0.0, 0.0), **penalty))[:2] - 1) / H
        root = cmath.sqrt(size**2 / 4 - 1 / 4)
        for value in (-size / 2 + root, -size / 2 - root):
            assert (values - value).abs().min() < 1e-6
        assert (values.imag.abs().max() > 1e-6) == (size < 1)


def test_r1_at_its_threshold_has_a_double_slope():
    values = (eigenvalues(smallest(H, at=(0.0, 0.0), **with_r1(1.0)))[:2] - 1) / H
    # Where two roots meet a push of ε moves them by √ε: their sum and product are what can be held to 1e-6.
    assert values.sum().item() == pytest.approx(-1, abs=1e-6) and values.prod().item() == pytest.approx(0.25, abs=1e-6)


@pytest.mark.parametrize("gamma", [0.1, 1.0, 2.0])
@pytest.mark.parametrize("share", [0.5, 0.99, 1.01])
def test_consensus_lands_if_the_step_is_below_its_bound(gamma, share):
    bound = 2 * gamma / (gamma**2 / 4 + 1)
    values = eigenvalues(smallest(share * bound, at=(0.0, 0.0), dynamics="consensus", dynamics__gamma=gamma))[:2]
    torch.testing.assert_close(values.real, torch.full((2,), 1 - share * bound * gamma / 4), rtol=1e-6, atol=1e-6)
    assert (values[0].abs() < 1).item() == (share < 1)


def perfect(shape, generator=None, dtype=None):
    """Normal draws without chance: evenly spaced quantiles, of variance 1 to the last digit."""
    n = shape[0]
    draws = torch.special.ndtri((torch.arange(n) + 0.5) / n)
    return (draws / draws.square().mean().sqrt()).view(shape)


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.2, 1.6])
def test_instance_noise_lands_and_stops_turning_at_a_variance_of_two(sigma, monkeypatch):
    monkeypatch.setattr(torch, "randn", perfect)
    shown = {"input": "instance-noise", "input.sigma": sigma, "input.anneal": 0, "batch": 500}
    values = (eigenvalues(smallest(H, at=(0.0, 0.0), **shown))[:2] - 1) / H
    root = cmath.sqrt(sigma**4 / 16 - 1 / 4)
    for value in (-(sigma**2) / 4 + root, -(sigma**2) / 4 - root):
        assert (values - value).abs().min() < 1e-6
    assert (values.imag.abs().max() > 1e-6) == (sigma**2 < 2)
    assert sigma != 0.7 or value == pytest.approx(-0.1225 - 0.4848j, abs=5e-5)


@pytest.mark.parametrize("turns, printed", [("simultaneous", 0.019), ("alternating", 0.012)])
def test_instance_noise_ends_within_the_noise_of_a_thousand_samples(turns, printed):
    """The printed radii are one draw of that noise; ours is another."""
    shown = {"input": "instance-noise", "input.sigma": 0.7, "input.anneal": 0, "batch": 1000}
    tail = walk(smallest(H, dynamics=turns, **shown), 500)[-100:].norm(dim=1)
    assert tail.mean() < 0.05 and tail.min() < 2 * printed


def test_relativistic_is_the_non_saturating_game():
    """Huang et al. 2024, appendix B: with all real mass at one point, comparing changes D by a constant only."""
    torch.testing.assert_close(walk(smallest(H, loss="relativistic"), 200), walk(smallest(H, **NS), 200))
