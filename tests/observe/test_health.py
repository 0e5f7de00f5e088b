"""Facts of samples set by hand, and the probe that tells verdicts without touching training."""

import json

import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency

from gancore.config import Config
from gancore.observe import look
from gancore.observe.checkup import won
from gancore.observe.metrics.cells import effective, moved
from gancore.observe.observer import Observer
from gancore.observe.vitals import ranked
from gancore.train.trainer import Trainer

RING = Config.from_flat({"data": "ring", "data.sigma": 0.05, "g.width": 8, "d.width": 8, "noise.dim": 2, "batch": 16})
LAWS = [RING, Config(), Config.from_flat({"data": "two-moons"}), Config.from_flat({"data": "cauchy"})]


def vitals(config):
    return Observer.prepare(config, config.data.open()).vitals


def sample(config, n=look.PLANE_SAMPLES, seed=5):
    return config.data.open().sample(n, torch.Generator().manual_seed(seed)).numpy()


@pytest.mark.parametrize("config", LAWS, ids=lambda config: config.data.name)
def test_new_perfect_samples_lie_in_their_bands(config):
    """The band is that of the least and greatest of 48 samples: of new ones, few lie beyond, and those not far."""
    known = vitals(config)
    for seed in range(5):
        facts, shares = known.measure(sample(config, seed=seed))
        facts["least"] = known.cells.rarest(shares)
        for name, value in facts.items():
            low, high = known.bands[name]
            room = max(high - low, 0.02)
            assert low - room <= value <= high + room, name


def test_one_bell_of_eight_is_a_narrow_spread_and_one_mode():
    known, x = vitals(RING), np.array([1.0, 0.0]) + 0.05 * np.random.default_rng(0).normal(size=(2000, 2))
    facts, shares = known.measure(x.astype(np.float32))
    assert facts["spread"] == pytest.approx(0.07, abs=0.01) and facts["effective"] == pytest.approx(1.0)
    assert known.cells.rarest(shares) == 0 and facts["distance"] > 20 * known.bands["distance"][1]


def test_a_missing_mode_is_the_rarest_and_a_mode_too_rare_to_count_is_not_missed():
    known, x = vitals(RING), sample(RING)
    at = np.linalg.norm(x - np.array([1.0, 0.0]), axis=1) > 0.5
    assert known.cells.rarest(known.cells.shares(x[at])[0]) == 0
    uneven = RING.with_("data.imbalance", 1000.0)
    assert vitals(uneven).cells.rarest(vitals(uneven).cells.shares(sample(uneven))[0]) > 0.5


def test_parts_with_another_share_are_those_that_a_test_of_two_proportions_finds():
    """NDB by SciPy's chi² of each 2×2 table, which is the same test."""
    known, x = vitals(RING), sample(RING)
    cells, n = known.cells, len(x) - len(x) // 10
    shares, _ = cells.shares(np.concatenate([x[len(x) // 5 :], x[: len(x) // 10]]))
    fewer, _ = cells.shares(x[np.linalg.norm(x - np.array([1.0, 0.0]), axis=1) > 0.5])
    for seen in (shares, fewer, np.linspace(0.8, 1.2, 8) * cells.due):
        tables = [
            [[s * n, (1 - s) * n], [due * cells.counted, (1 - due) * cells.counted]] for s, due in zip(seen, cells.due)
        ]
        found = np.mean([chi2_contingency(table, correction=False).pvalue < 0.05 for table in tables])
        assert cells.different(seen, n) == pytest.approx(found)
    assert cells.different(fewer, n) > 0.1 and cells.different(cells.due, n) == 0


def test_samples_that_are_no_numbers_are_near_nothing():
    known, x = vitals(RING), sample(RING)
    x[:500] = np.nan
    _, near = known.cells.shares(x)
    assert near.sum() == pytest.approx(0.75 * known.bands["near"][0], rel=0.03)


def test_shares_moved_are_the_total_variation_and_effective_cells_the_perplexity():
    assert moved(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    assert moved(np.array([0.5, 0.5]), np.array([0.25, 0.75])) == 0.25
    assert effective(np.full(8, 0.1)) == pytest.approx(8) and effective(np.zeros(3)) == 0


def test_ranking_is_mann_and_whitneys():
    first, second = np.random.default_rng(1).normal(size=(2, 40))
    second[:5] = first[:5]  # ties
    pairs = (first[:, None] > second) + 0.5 * (first[:, None] == second)
    assert ranked(first, second) == pytest.approx(pairs.mean())
    assert np.isnan(ranked(np.array([np.nan]), second))


@pytest.mark.parametrize("loss", ["non-saturating", "least-squares", "hinge", "minimax"])
def test_a_coin_wins_nothing_and_a_d_without_doubt_nearly_all(loss):
    rule = Config.from_flat({"loss": loss}).loss
    undecided = torch.zeros(2, 10)
    if loss == "least-squares":
        undecided += rule.undecided
    assert won(rule, undecided) == pytest.approx(0, abs=1e-6)
    sure = torch.tensor([[1.0], [0.0]]) if loss == "least-squares" else torch.tensor([[30.0], [-30.0]])
    assert won(rule, sure) == pytest.approx(1, abs=1e-4)


def test_a_critic_without_bounds_has_no_share_to_win():
    assert np.isnan(won(Config.from_flat({"loss": "wasserstein"}).loss, torch.zeros(2, 4)))


def test_the_probe_tells_verdicts_as_json_and_training_does_not_notice():
    watched, alone = Trainer(RING), Trainer(RING)
    observer = Observer(Observer.prepare(RING, watched.game.source))
    for _ in range(10):
        first = watched.iteration + 1
        observer.history.append(watched.advance(60).numpy(), first)
        said = observer.look(watched, {"health"}, 0.0, playing=False).arrays["health"]
        alone.advance(60)
    assert torch.equal(watched.state.g, alone.state.g) and torch.equal(watched.state.d, alone.state.d)
    verdicts = json.loads(said.tobytes().decode())
    assert verdicts and {"name", "since", "says", "numbers", "panel", "cure", "sick"} <= verdicts[0].keys()


def test_a_paused_run_gives_no_new_evidence():
    trainer = Trainer(RING)
    observer = Observer(Observer.prepare(RING, trainer.game.source))
    observer.history.append(trainer.advance(60).numpy(), 1)
    for _ in range(20):
        observer.look(trainer, {"health"}, 0.0, playing=False)
    assert len(observer.memory["health"].past) == 1


def test_a_game_of_two_numbers_has_no_verdicts():
    trainer = Trainer(Config.from_flat({"data": "dirac", "g": "dirac", "d": "dirac"}))
    observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
    assert "health" not in observer.look(trainer, {"health"}, 0.0).arrays
