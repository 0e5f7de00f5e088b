"""What D is shown: noise that fades, packs, and changes to pictures that are random, differentiable and each its own."""

from types import SimpleNamespace

import pytest
import torch

from gancore import seeds
from gancore.game import augmentation
from gancore.game.inputs import inputs

GREY, COLOUR = (1, 8, 8), (3, 16, 16)
CHANGES = [*augmentation.COLOR, augmentation.translation, augmentation.cutout]


def pictures(n, shape, dtype=torch.float32):
    return torch.rand(n, *shape, generator=seeds.stream(1, "x"), dtype=dtype)


def shown(choice, x, shape, seed=1, iteration=0, memory=None):
    kept = choice.start() if memory is None else memory
    return choice.show(x.flatten(1), shape, iteration, kept, seeds.stream(seed, "inner"))


@pytest.mark.parametrize("name", inputs)
@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_what_is_shown_is_drawn_from_the_generator_it_is_given_alone(name, shape):
    choice, x = inputs[name](), pictures(12, shape)
    torch.manual_seed(1)
    first = shown(choice, x, shape)
    torch.manual_seed(2)
    assert torch.equal(first, shown(choice, x, shape))
    assert first.shape == (12 // choice.packs, choice.packs * x[0].numel())
    assert torch.equal(first, shown(choice, x, shape, seed=2)) == (name in ("none", "packing"))
    assert torch.equal(x, pictures(12, shape)), "what came was written to"


@pytest.mark.parametrize("iteration, share", [(0, 1), (250, 0.75), (999, 0.001), (1000, 0), (5000, 0)])
def test_instance_noise_fades_along_a_straight_line_to_exactly_nothing(iteration, share):
    choice, x = inputs.make("instance-noise", sigma=0.7, anneal=1000), torch.zeros(20_000, 2)
    noise = shown(choice, x, (2,), iteration=iteration)
    assert noise.std().item() == pytest.approx(0.7 * share, rel=0.02)
    assert share or noise.data_ptr() == x.data_ptr()


def test_instance_noise_may_stay_for_ever():
    choice = inputs.make("instance-noise", sigma=0.7, anneal=0)
    assert choice.noise(0) == choice.noise(10**9) == 0.7


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_packing_puts_whole_samples_side_by_side(m):
    choice, x = inputs.make("packing", m=m), torch.arange(12 * 4.0).view(12, 2, 2)
    packed = shown(choice, x, (1, 2, 2))
    assert packed.shape == (12 // m, m * 4) and choice.packs == m
    # Read as pictures, packs have m channels, and each channel is a sample as it came.
    assert torch.equal(packed.view(-1, m, 2, 2).flatten(0, 1), x)


@pytest.mark.parametrize("name", [name for name in inputs if name != "packing"])
def test_without_packing_d_sees_one_sample_at_once(name):
    assert inputs[name]().packs == 1


@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_augmentation_with_p_0_is_the_identity_to_the_last_bit(shape):
    x = pictures(20, shape)
    assert torch.equal(shown(inputs.make("augment", p=0), x, shape), x.flatten(1))
    off = {"color": False, "translation": False, "cutout": False}
    assert torch.equal(shown(inputs.make("augment", **off), x, shape), x.flatten(1))


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_each_picture_is_changed_with_probability_p_and_in_its_own_way(p):
    x = pictures(1, COLOUR).expand(4000, *COLOUR)
    choice = inputs.make("augment", p=p, translation=False, cutout=False)
    after = shown(choice, x, COLOUR)
    changed = (after != x.flatten(1)).any(1)
    assert changed.float().mean().item() == pytest.approx(1 - (1 - p) ** 3, abs=0.03)
    assert len(after[changed].unique(dim=0)) == changed.sum()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_gradients_pass_through_every_change(change):
    x, on = pictures(3, COLOUR, torch.float64)[:, :, :8, :8], torch.ones(3, 1, 1, 1, dtype=torch.float64)

    def of(x):
        return change(x, on, seeds.stream(5, "inner"))

    assert torch.autograd.gradcheck(of, x.clone().requires_grad_())


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_picture_is_changed_the_same_whatever_stands_beside_it(change):
    x, on = pictures(6, COLOUR), torch.ones(6, 1, 1, 1)
    others = x.clone()
    others[1:] = 0
    assert torch.equal(change(x, on, seeds.stream(5, ""))[0], change(others, on, seeds.stream(5, ""))[0])


def changed(change, x):
    return change(x, torch.ones(len(x), 1, 1, 1), seeds.stream(5, "inner"))


def test_brightness_adds_one_number_up_to_a_quarter():
    x = pictures(500, COLOUR)
    added = (changed(augmentation.brightness, x) - x).flatten(1)
    assert (added - added[:, :1]).abs().max() < 1e-6
    assert -0.25 <= added.min() < -0.24 and 0.24 < added.max() <= 0.25


def test_contrast_keeps_the_mean_and_halves_to_one_and_a_half_times_the_rest():
    x = pictures(500, COLOUR)
    after = changed(augmentation.contrast, x)
    torch.testing.assert_close(after.mean((1, 2, 3)), x.mean((1, 2, 3)))
    times = after.std((1, 2, 3)) / x.std((1, 2, 3))
    assert 0.5 <= times.min() < 0.51 and 1.49 < times.max() <= 1.5


def test_saturation_keeps_each_pixels_grey_and_leaves_grey_pictures_alone():
    x = pictures(500, COLOUR)
    after = changed(augmentation.saturation, x)
    torch.testing.assert_close(after.mean(1), x.mean(1))
    colour = [(y - y.mean(1, keepdim=True)).flatten(1).norm(dim=1) for y in (x, after)]
    times = colour[1] / colour[0]
    assert 0 <= times.min() < 0.01 and 1.99 < times.max() <= 2.0001
    assert torch.equal(changed(augmentation.saturation, x[:, :1]), x[:, :1])


def test_translation_moves_by_whole_pixels_up_to_an_eighth_and_lets_zeros_in():
    x = torch.zeros(2000, 1, 16, 16)
    x[:, 0, 7, 9] = 1
    moved = changed(augmentation.translation, x)
    assert torch.equal(moved.sum((1, 2, 3)), torch.ones(2000)), "a point stays one point"
    _, _, row, column = moved.nonzero(as_tuple=True)
    assert set((row - 7).tolist()) == set((column - 9).tolist()) == {-2, -1, 0, 1, 2}
    kept = changed(augmentation.translation, torch.ones_like(x)).sum((1, 2, 3))
    assert set(kept.tolist()) == {float(h * w) for h in (14, 15, 16) for w in (14, 15, 16)}


def test_cutout_clears_a_box_of_half_the_side_that_may_stick_out():
    gone = 1 - changed(augmentation.cutout, torch.ones(2000, 1, 16, 16))
    assert set(gone.unique().tolist()) == {0.0, 1.0}
    heights, widths = gone.amax((1, 3)).sum(1), gone.amax((1, 2)).sum(1)
    assert torch.equal(gone.sum((1, 2, 3)), heights * widths), "what is cleared is a box"
    assert set(heights.tolist()) == set(widths.tolist()) == {4.0, 5.0, 6.0, 7.0, 8.0}


def p_after(on_real, updates, start=0.0):
    """ADA's p after so many updates of D, in each of which it said this to 100 real pictures."""
    choice = inputs.make("augment", adaptive=True, thousands=2)
    memory = choice.start() | {"p": torch.tensor(start)}
    for _ in range(updates):
        memory = choice.after(memory, on_real)
    return memory["p"].item()


SURE, TORN = torch.full((100,), 3.0), torch.tensor([3.0, -3.0]).repeat(50)


def test_adas_p_rises_when_d_is_always_right_and_falls_when_it_is_not():
    """Karras et al. 2020: p moves by 4 batches' share of the pictures that it may take from 0 to 1, every 4 batches."""
    assert p_after(SURE, 3) == 0 and p_after(SURE, 4) == p_after(SURE, 7) == pytest.approx(0.2)
    assert p_after(SURE, 8) == pytest.approx(0.4) and p_after(SURE, 400) == 1
    assert p_after(TORN, 4, start=0.5) == pytest.approx(0.3) and p_after(TORN, 400, start=0.5) == 0


def test_adas_p_is_the_probability_of_a_change():
    choice, x = inputs.make("augment", adaptive=True), pictures(40, COLOUR)
    memory = choice.start()
    assert torch.equal(shown(choice, x, COLOUR, memory=memory), x.flatten(1))
    always = shown(choice, x, COLOUR, memory=memory | {"p": torch.ones(())})
    assert torch.equal(always, shown(inputs.make("augment", p=1), x, COLOUR))


@pytest.mark.parametrize("page, fits", [("images", True), ("line", False), ("plane", False)])
def test_only_pictures_can_be_augmented(page, fits):
    reason = inputs["augment"]().refuses(SimpleNamespace(data=SimpleNamespace(page=page, name="it")))
    assert (reason is None) == fits and (fits or "pictures" in reason)
