"""Truths about a run's memory: no peak lost, no iteration misplaced, the same in any blocks, and flat."""

import time
import tracemalloc

import numpy as np
import pytest

from gancore.observe.history import History, Samples, upper

NAMES = ("d_loss", "g_loss", "norm")


def filled(data, cuts=(), first=0, buckets=16):
    history = History(NAMES, buckets)
    for a, b in zip((0, *cuts), (*cuts, len(data)), strict=True):
        history.append(data[a:b], first + a)
    return history


def walk(rng, n):
    return rng.normal(size=(n, 3)).astype(np.float32).cumsum(axis=0)


def test_few_iterations_stand_alone():
    data = walk(np.random.default_rng(0), 16)
    data[3, 1], data[5, 1], data[7, 1] = np.nan, np.inf, -np.inf
    history = filled(data, first=7)
    for i, name in enumerate(NAMES):
        x, y = history.read(name)
        np.testing.assert_array_equal(x, np.arange(7, 23))
        np.testing.assert_array_equal(y, np.where(np.isfinite(data[:, i]), data[:, i], np.nan))


@pytest.mark.parametrize("seed", range(30))
def test_cutting_into_blocks_changes_nothing_and_no_peak_is_lost(seed):
    rng = np.random.default_rng(seed)
    n, first = int(rng.integers(1, 3000)), int(rng.integers(0, 3))
    data = walk(rng, n)
    data[rng.random(data.shape) < 0.05] = rng.choice([np.nan, np.inf, -np.inf])
    buckets = int(rng.choice([2, 16, 64]))
    whole = filled(data, (), first, buckets)
    parts = filled(data, sorted(rng.integers(0, n + 1, size=rng.integers(0, 40))), first, buckets)
    for i, name in enumerate(NAMES):
        x, y = whole.read(name)
        np.testing.assert_array_equal((x, y), parts.read(name))
        assert len(x) <= 2 * buckets
        assert (np.diff(x) >= 0).all()
        shown, finite = np.isfinite(y), data[np.isfinite(data[:, i]), i]
        np.testing.assert_array_equal(
            y[shown], data[(x[shown] - first).astype(int), i]
        )  # points that were, where they were
        if len(finite):
            assert (np.nanmin(y), np.nanmax(y)) == (finite.min(), finite.max())


def test_each_bucket_keeps_its_own_extremes():
    data = walk(np.random.default_rng(1), 1024)
    x, y = filled(data, buckets=16).read("g_loss")
    assert len(x) == 32
    buckets = data[:, 1].reshape(16, 64)
    np.testing.assert_array_equal(y.reshape(16, 2).min(axis=1), buckets.min(axis=1))
    np.testing.assert_array_equal(y.reshape(16, 2).max(axis=1), buckets.max(axis=1))
    assert (x.reshape(16, 2) // 64 == np.arange(16)[:, None]).all()


def test_a_failed_stretch_is_a_gap():
    data = np.zeros((1024, 3), np.float32)
    data[512:] = np.nan
    history = filled(data, buckets=16)
    x, y = history.read("norm")
    np.testing.assert_array_equal(np.isnan(y), x >= 512)
    assert np.isnan(history.last("norm"))


def test_reading_is_cached_until_something_new_comes():
    history = filled(walk(np.random.default_rng(2), 100))
    before = history.read_all()
    assert history.read_all() is before
    history.append(np.full((1, 3), 99, np.float32), 100)
    assert history.read("norm")[1].max() == 99
    assert history.last("norm") == 99
    assert len(history) == 101


def test_a_gap_in_time_or_a_wrong_block_is_refused():
    history = filled(np.zeros((5, 3), np.float32), first=1)
    with pytest.raises(ValueError, match="iteration 7 came: the next one is 6"):
        history.append(np.zeros((1, 3), np.float32), 7)
    with pytest.raises(ValueError, match="d_loss, g_loss, norm"):
        history.append(np.zeros((1, 2), np.float32), 6)
    with pytest.raises(ValueError, match="even"):
        History(NAMES, 3)
    assert len(history) == 5


def test_before_the_first_iteration_there_is_nothing():
    history, samples = History(NAMES), Samples(("w1",))
    history.append(np.zeros((0, 3), np.float32), 0)
    for x, y in (history.read("norm"), samples.read("w1")):
        assert x.shape == y.shape == (0,)
    assert np.isnan(history.last("norm")) and np.isnan(samples.last("w1"))
    assert history.time_range() == samples.time_range() == [0, 100]


def test_ten_million_iterations_need_the_memory_of_none():
    history, block = History(NAMES), np.random.default_rng(3).normal(size=(100_000, 3)).astype(np.float32)
    block[777, 0] = 1e6
    tracemalloc.start()
    for i in range(100):
        history.append(block, i * len(block))
    history.read_all()
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now < 100_000
    assert peak < 8e6
    assert len(history) == 10_000_000
    x, y = history.read("d_loss")
    assert len(x) <= 1024 and y.max() == 1e6 and x[y.argmax()] % 100_000 == 777
    assert history.time_range() == [0, 1e7]


def test_a_frame_s_worth_of_history_is_cheap():
    names = tuple("abcdefgh")
    history, block = History(names), np.random.default_rng(4).normal(size=(200, 8)).astype(np.float32)
    costs = []
    for i in range(500):
        start = time.perf_counter()
        history.append(block, 200 * i)
        history.read_all()
        costs.append(time.perf_counter() - start)
    assert min(costs) < 1e-3  # 0.14 ms measured on one core of a 2-core Xeon


@pytest.mark.parametrize("n", [1, 10, 16, 17, 33, 500, 5000])
def test_samples_thin_evenly_and_keep_first_and_newest(n):
    samples = Samples(("w1", "jsd"), limit=16)
    for i in range(n):
        samples.append(10 * i, {"w1": i, "jsd": -i if i % 3 else np.inf})
    x, y = samples.read("w1")
    assert len(x) == len(samples) <= 17
    np.testing.assert_array_equal(y, x / 10)
    assert x[0] == 0 and x[-1] == 10 * (n - 1) and samples.last("w1") == n - 1
    steps = np.diff(x)
    assert len(set(steps[:-1])) <= 1
    if n > 16:
        assert len(x) >= 9 and steps[-1] <= steps[0]
    np.testing.assert_array_equal(np.isnan(samples.read("jsd")[1]), y % 3 == 0)


def test_measuring_the_same_iteration_again_replaces_it():
    samples = Samples(("w1",), limit=4)
    for iteration in (0, 5, 5, 9, 12, 12, 12, 15, 15):
        samples.append(iteration, {"w1": iteration + len(samples)})
    assert samples.read("w1")[0].tolist() == [0, 9, 15]
    samples.append(15, {})
    assert np.isnan(samples.last("w1"))
    with pytest.raises(ValueError, match="14 came after 15"):
        samples.append(14, {"w1": 0})


def test_the_time_axis_grows_in_steps():
    assert [upper(i) for i in (0, 100, 101, 200, 499, 501, 1000, 1001, 123_456)] == [
        100, 100, 200, 200, 500, 1000, 1000, 2000, 200_000,
    ]  # fmt: skip
