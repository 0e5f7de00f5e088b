"""Parzen windows agree with the formula, put memorised pictures far below real ones, and choose the width that fits."""

import math
import os

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from gancore.game.data import data
from gancore.observe.metrics import classifier
from gancore.observe.metrics.parzen import ROWS, SIGMAS, best_sigma, log_likelihood, parzen

needs_mnist = pytest.mark.skipif(
    not os.path.isdir(os.path.join(os.environ.get("GANSCOPE_DATA", "/nowhere"), "mnist")),
    reason="set GANSCOPE_DATA to a folder that holds mnist/ to run this",
)


@pytest.fixture(scope="module")
def digits():
    pixels = data.make("digits").open().pixels.float() / 255
    return pixels[torch.randperm(len(pixels), generator=torch.Generator().manual_seed(0))].flatten(1)


def test_the_likelihood_is_that_of_a_mixture_of_bells():
    draw = torch.Generator().manual_seed(0)
    samples, x = torch.rand(7, 3, generator=draw), torch.rand(ROWS + 3, 3, generator=draw)
    bells = [multivariate_normal(s, 0.3**2 * np.eye(3)) for s in samples.numpy()]
    expected = np.log(np.mean([bell.pdf(x.numpy()) for bell in bells], axis=0))
    assert np.allclose(log_likelihood(samples, x, [0.3])[0], expected, atol=1e-4)


def test_one_sample_on_one_picture_has_the_height_of_a_bell():
    x = torch.full((1, 784), 0.5)
    assert log_likelihood(x, x, [0.1])[0, 0] == pytest.approx(-784 * math.log(0.1 * math.sqrt(2 * math.pi)), abs=0.01)


@pytest.mark.parametrize("sigma", SIGMAS[1:8:3])
def test_the_width_that_made_the_data_is_found(sigma):
    # A single sample: pictures around it with this spread are likeliest under this very width.
    x = sigma * torch.randn(500, 64, generator=torch.Generator().manual_seed(1))
    assert best_sigma(torch.zeros(1, 64), x) == sigma


def test_memorised_pictures_are_far_below_real_ones(digits):
    known, validation, test = digits[:900], digits[900:1300], digits[1300:]
    real = parzen(known, validation, test)
    memorised = parzen(known[:9].repeat(100, 1), validation, test)
    assert memorised.nats < real.nats - 20 * real.error and memorised.sigma > real.sigma
    assert parzen(test, validation, test).nats > real.nats  # what has seen the test set wins: the metric cannot tell


def test_the_error_is_that_of_the_mean_over_pictures(digits):
    found = parzen(digits[:900], digits[900:1300], digits[1300:])
    each = log_likelihood(digits[:900], digits[1300:], [found.sigma])[0].double()
    assert found.nats == pytest.approx(each.mean().item(), abs=1e-3)
    assert found.error == pytest.approx((each.std() / math.sqrt(len(each))).item(), rel=1e-4)


@needs_mnist
def test_real_digits_reach_the_figure_known_for_them():
    train, test = classifier.digits("train")[0], classifier.digits("t10k")[0]
    found = parzen(
        train[torch.randperm(50_000, generator=torch.Generator().manual_seed(5))[:10_000]], train[50_000:], test
    )
    assert found.nats == pytest.approx(243.6, abs=3) and found.error == pytest.approx(2.1, abs=0.1)


@needs_mnist
def test_the_judge_reads_digits_also_when_stacked():
    x, labels = classifier.digits("t10k")
    assert (classifier.classes(x) == labels).float().mean() >= 0.985
    numbers = 100 * labels[0:300] + 10 * labels[300:600] + labels[600:900]
    read = classifier.stacked_classes(torch.cat([x[0:300], x[300:600], x[600:900]], 1))
    assert (read == numbers).float().mean() > 0.9
