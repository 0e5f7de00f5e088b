"""Pictures that nobody trains on, copies and checkerboards, on samples made by hand."""

import numpy as np
import pytest
import torch

from gancore.config import Config
from gancore.game.data import data
from gancore.game.data.images import spaced
from gancore.observe.look import IMAGE_SAMPLES, pictures
from gancore.observe.metrics.checkers import checkers, lengths, waves
from gancore.observe.observer import Observer
from gancore.observe.pictures import mistaken
from gancore.train.trainer import Trainer

SMALL = Config.from_flat({"data": "digits", "g.width": 8, "d.width": 8, "noise.dim": 2, "batch": 16})


def drawn(rows, n=IMAGE_SAMPLES, seed=3):
    """So many of these pictures at random, in [0, 1]."""
    at = torch.randint(len(rows), (n,), generator=torch.Generator().manual_seed(seed))
    return (rows[at].float() / 255).numpy()


@pytest.fixture(scope="module")
def digits():
    return data.make("digits").open()


@pytest.fixture(scope="module")
def known(digits):
    return pictures(digits)


def scored(source, known, fake, real=None, unseen=None):
    said = np.random.default_rng(0).normal(size=(3, IMAGE_SAMPLES))
    return known.measure(fake, said[:2] if real is None else real, said[2] if unseen is None else unseen)


def test_copies_are_told_from_new_pictures_of_the_same_law(digits, known):
    copies = scored(digits, known, drawn(digits.pixels))
    assert copies["copied"] < 0.01 and copies["closer"] == 1.0
    low, high = known.bands["copied"]
    assert low < 1 < high < 1.1


def test_pictures_that_nobody_trains_on_are_no_copies():
    few = data.make("digits", pictures=700).open()
    others = data.make("digits").open().pixels
    trained = {row.tobytes() for row in few.pixels.numpy()}
    new = others[torch.tensor([row.tobytes() not in trained for row in others.numpy()])]
    facts = scored(few, pictures(few), drawn(new))
    assert 0.9 < facts["copied"] < 1.1 and abs(facts["closer"]) < 0.4


def test_a_blurred_picture_is_near_to_everything_but_no_nearer_to_those_trained_on(digits, known):
    mean = digits.pixels.float().mean(0).numpy() / 255
    blurred = 0.5 * drawn(digits.held_out) + 0.5 * mean
    assert scored(digits, known, blurred)["closer"] < 0.4


def test_a_d_that_knows_its_pictures_by_heart_takes_unseen_ones_for_generated(digits, known):
    real, fake, unseen = (np.random.default_rng(1).normal(at, 1, IMAGE_SAMPLES) for at in (4.0, -4.0, -3.0))
    facts = scored(digits, known, drawn(digits.pixels), np.stack([real, fake]), unseen)
    assert facts["recognised"] > 0.99 and facts["mistaken"] > 0.99
    honest = np.random.default_rng(2).normal(4.0, 1, IMAGE_SAMPLES)
    facts = scored(digits, known, drawn(digits.pixels), np.stack([real, fake]), honest)
    assert abs(facts["recognised"] - 0.5) < 0.1 and facts["mistaken"] < 0.01
    assert np.isnan(mistaken(np.array([np.nan]), fake, unseen))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 9), (1, 28, 28)])
def test_a_checkerboard_is_waves_of_two_pixels_and_noise_is_not(shape):
    random = np.random.default_rng(0)
    noise = random.normal(size=(400, *shape))
    board = np.indices(shape[1:]).sum(0) % 2
    for pattern in (board, np.indices(shape[1:])[0] % 2, np.indices(shape[1:])[1] % 2):
        share, peak = checkers((noise + pattern).reshape(400, -1), shape)
        assert share > 2 * checkers(noise.reshape(400, -1), shape)[0] and peak > 3
    assert checkers(noise.reshape(400, -1), shape)[1] == pytest.approx(1, abs=0.35)
    assert len(lengths(shape[1])) == shape[1] // 2 == len(waves(noise.reshape(400, -1), shape))
    assert lengths(shape[1])[-1] == 2 and (np.diff(lengths(shape[1])) < 0).all()


def test_waves_are_those_of_the_fourier_transform(digits):
    x = digits.pixels[:50].float().numpy() / 255
    power = np.abs(np.fft.fft2(x.reshape(-1, 8, 8))) ** 2
    whole = power.sum((1, 2)).mean() - power[:, 0, 0].mean()
    expected = [(power[:, 0, k] + power[:, k, 0] + power[:, k, k]).mean() / whole for k in (1, 2, 3, 4)]
    assert waves(x, (1, 8, 8)) == pytest.approx(expected, rel=1e-3)


def test_real_pictures_lie_in_their_bands(digits, known):
    for seed in range(5):
        facts = scored(digits, known, drawn(digits.pixels, seed=10 + seed))
        for name in ("checker", "peak"):
            low, high = known.bands[name]
            assert low - 0.1 < facts[name] < high + 0.1


def test_held_out_pictures_are_never_trained_on():
    for count in (1541, 20):
        source = data.make("digits", pictures=count).open()
        assert len(source.pixels) == len(source.labels) == count and len(source.held_out) == 256
        sides = [{row.tobytes() for row in side.numpy()} for side in (source.pixels, source.held_out)]
        assert not sides[0] & sides[1]


def test_fewer_pictures_are_among_more_of_them():
    more, fewer = (data.make("digits", pictures=count).open().pixels for count in (50, 20))
    assert torch.equal(more[:20], fewer)


def test_the_smallest_set_that_can_be_asked_for_is_played_and_looked_at():
    config = SMALL.with_("data.pictures", 2)
    trainer = Trainer(config)
    observer = Observer(Observer.prepare(config, trainer.game.source))
    observer.history.append(trainer.advance(60).numpy(), 1)
    assert observer.look(trainer, {"health", "held-out", "spectrum"}, 0.0).arrays.keys() > {"health", "spectrum"}


def test_the_view_of_unseen_pictures_touches_nothing_and_shares_add_up():
    watched, alone = Trainer(SMALL), Trainer(SMALL)
    observer = Observer(Observer.prepare(SMALL, watched.game.source))
    for _ in range(3):
        observer.history.append(watched.advance(40).numpy(), watched.iteration - 39)
        arrays = observer.look(watched, {"held-out", "spectrum"}, 0.0, playing=False).arrays
        alone.advance(40)
    assert torch.equal(watched.state.g, alone.state.g) and torch.equal(watched.state.d, alone.state.d)
    for name in ("known", "unseen", "made"):
        assert arrays[f"{name}_scores"].sum() == pytest.approx(1)
        assert len(arrays[f"on_{name}"]) == len(arrays["on_known_t"]) == 3
    assert 0 < arrays["spectrum"].sum() < 1


def test_at_most_so_many_are_taken_evenly():
    assert spaced(torch.arange(10), 4).tolist() == [0, 3, 6, 9] and len(spaced(torch.arange(3), 4)) == 3
