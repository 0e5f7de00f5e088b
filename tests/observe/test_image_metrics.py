"""The plane is the principal one and the same everywhere; the neighbour found is the nearest there is."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from gancore.game.data import archive, data
from gancore.observe.metrics import images
from gancore.observe.metrics.images import GAP, Neighbours, Plane, form, tile

needs_mnist = pytest.mark.skipif(
    not os.path.isdir(os.path.join(os.environ.get("GANSCOPE_DATA", "/nowhere"), "mnist")),
    reason="set GANSCOPE_DATA to a folder that holds mnist/ to run this",
)


@pytest.fixture(scope="module")
def digits():
    return data.make("digits").open()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and a process that has fitted nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(images, "_planes", {})
    return tmp_path / "ganscope" / "planes"


def brute_force(x, pixels) -> tuple[np.ndarray, np.ndarray]:
    distance = torch.cdist(x.double(), pixels.double() / 255, compute_mode="use_mm_for_euclid_dist")
    nearest = distance.min(1)
    return nearest.indices.numpy(), nearest.values.numpy()


def test_axes_are_orthonormal_ordered_and_right_way_up(digits):
    plane = Plane.fit(digits.pixels)
    assert plane.mean.shape == (64,) and plane.components.shape == (50, 64) and plane.explained.shape == (50,)
    assert {a.dtype for a in (plane.mean, plane.components, plane.explained)} == {np.dtype(np.float32)}
    assert np.allclose(plane.components @ plane.components.T, np.eye(50), atol=1e-5)
    assert (np.diff(plane.explained) <= 0).all() and 0.99 < plane.explained.sum() <= 1
    largest = np.abs(plane.components).argmax(1)
    assert (plane.components[np.arange(50), largest] > 0).all()


def test_the_plane_holds_the_variance_it_claims(digits):
    plane = Plane.fit(digits.pixels)
    x = digits.pixels.numpy() / 255
    along = plane.project(x, 50).astype(float)
    assert np.allclose(along.mean(0), 0, atol=1e-4)
    assert np.allclose(along.var(0) / x.var(0).sum(), plane.explained, atol=1e-5)
    assert np.array_equal(plane.project(x, 2), plane.project(torch.from_numpy(x), 2))
    assert np.allclose(plane.project(x, 2), along[:, :2], atol=1e-5)


@pytest.mark.parametrize("side", [8, 40])
def test_the_plane_is_the_principal_one(digits, side):
    """As scikit-learn finds it, where all axes are found and where only the first ones are."""
    pixels = digits.pixels.view(-1, 8, 8).repeat(1, side // 8, side // 8).flatten(1)[:400]
    rows, plane = pixels.numpy() / 255, Plane.fit(pixels)
    known = PCA(50, svd_solver="covariance_eigh").fit(rows)
    assert np.allclose(plane.mean, known.mean_, atol=1e-6)
    assert np.allclose(plane.explained, known.explained_variance_ratio_, rtol=1e-3, atol=1e-5)
    assert np.allclose(np.abs((plane.components * known.components_).sum(1))[:30], 1, atol=1e-3)


def test_few_or_equal_pictures_make_a_small_plane():
    few = np.random.default_rng(0).integers(0, 256, (5, 64), np.uint8)
    assert Plane.fit(few).components.shape == (5, 64)
    same = Plane.fit(np.full((100, 64), 7, np.uint8))
    assert np.isfinite(same.components).all() and np.isfinite(same.explained).all()
    with pytest.raises(ValueError, match=r"two pictures or more.*1 came"):
        Plane.fit(few[:1])


def test_a_plane_is_fitted_once(digits, cache, monkeypatch):
    plane = Plane.of("digits", digits.pixels)
    assert Plane.of("digits", digits.pixels) is plane and len(list(cache.iterdir())) == 1
    monkeypatch.setattr(images, "_planes", {})
    monkeypatch.setattr(Plane, "fit", lambda pixels: pytest.fail("the file was not used"))
    stored = Plane.of("digits", digits.pixels)
    assert all(np.array_equal(getattr(stored, f), getattr(plane, f)) for f in ("mean", "components", "explained"))


def test_other_pictures_of_the_same_name_get_their_own_plane(digits, cache):
    other = Plane.of("digits", digits.pixels.flip(1))
    assert not np.array_equal(Plane.of("digits", digits.pixels).components, other.components)
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text", "shape", "nan", "names", "pickle"])
def test_a_damaged_file_is_fitted_anew(digits, cache, monkeypatch, damage):
    plane = Plane.of("digits", digits.pixels)
    (path,) = cache.iterdir()
    good = path.read_bytes()
    arrays = dict(mean=plane.mean, components=plane.components, explained=plane.explained)
    if damage in ("cut", "flip", "empty", "text"):
        flipped = good[:700] + bytes([good[700] ^ 255]) + good[701:]
        path.write_bytes({"cut": good[: len(good) // 2], "flip": flipped, "empty": b"", "text": b"hello"}[damage])
    elif damage == "names":
        np.savez(path, mean=plane.mean)
    else:
        wrong = {"shape": plane.mean[1:], "nan": plane.mean * np.nan, "pickle": np.array([{}], object)}[damage]
        np.savez(path, **arrays | {"mean": wrong})
    monkeypatch.setattr(images, "_planes", {})
    assert np.array_equal(Plane.of("digits", digits.pixels).components, plane.components)
    assert path.read_bytes() == good and len(list(cache.iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_no_error(digits, tmp_path, monkeypatch):
    (tmp_path / "ganscope").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(images, "_planes", {})
    assert Plane.of("digits", digits.pixels).components.shape == (50, 64)


def test_a_picture_is_its_own_neighbour(digits):
    index, distance = Neighbours(Plane.fit(digits.pixels), digits.pixels).nearest(digits.pixels[:300].float() / 255)
    assert torch.equal(digits.pixels[index], digits.pixels[:300]) and (distance == 0).all()


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
def test_neighbours_of_digits_agree_with_brute_force(digits, noise):
    held, known = digits.pixels[:300], digits.pixels[300:]
    x = held.float() / 255 + noise * torch.randn(held.shape, generator=torch.Generator().manual_seed(0))
    index, distance = Neighbours(Plane.fit(known), known).nearest(x)
    right, shortest = brute_force(x, known)
    assert (index == right).mean() >= 0.99
    assert np.allclose(distance, torch.linalg.vector_norm(x - known[index].float() / 255, dim=1), atol=1e-5)
    assert (distance <= shortest * 1.02 + 1e-5).all() and (distance >= shortest - 1e-5).all()


@pytest.mark.parametrize("count", [2, 31, 32, 33, 63, 64, 65, 100, 129])
def test_sets_of_any_size_can_be_searched(count):
    random = np.random.default_rng(count)
    known = torch.from_numpy(random.integers(0, 256, (count, 36), np.uint8))
    x = torch.from_numpy(random.random((70, 36), np.float32))
    index, distance = Neighbours(Plane.fit(known), known).nearest(x)
    assert index.shape == distance.shape == (70,) and index.min() >= 0 and index.max() < count
    assert np.allclose(distance, brute_force(x, known)[1], atol=1e-4)


def test_nothing_and_nan_can_be_looked_up(digits):
    neighbours = Neighbours(Plane.fit(digits.pixels), digits.pixels)
    index, distance = neighbours.nearest(torch.zeros(0, 64))
    assert index.shape == distance.shape == (0,)
    x = digits.pixels[:2].float() / 255
    x[1, 5] = torch.nan
    index, distance = neighbours.nearest(x)
    assert 0 <= index[1] < 1797 and np.isnan(distance[1]) and distance[0] == 0


def test_tiles_lie_in_reading_order_with_a_line_between():
    sheet = tile(np.repeat(np.array([10, 20, 30, 40, 50, 60], np.uint8)[:, None], 9, 1), columns=3)
    assert sheet.shape == (7, 11) and sheet.dtype == np.uint8
    assert [sheet[r, c] for r in (0, 6) for c in (0, 4, 8)] == [10, 20, 30, 40, 50, 60]
    assert (sheet[3] == GAP).all() and (sheet[:, 3] == GAP).all() and (sheet[:, 7] == GAP).all()


def test_tiles_of_floats_are_clipped_and_gaps_are_filled():
    sheet = tile(torch.tensor([[0.0, 1.0, 0.5, -3.0], [2.0, torch.nan, 0.0, 0.0], [0.2, 0.2, 0.2, 0.2]]))
    assert sheet.shape == (5, 5)
    assert sheet[:2, :2].tolist() == [[0, 255], [128, 0]] and sheet[0, 3] == 255 and sheet[0, 4] == 0
    assert (sheet[3:, 3:] == GAP).all()
    with pytest.raises(ValueError, match="no square"):
        tile(np.zeros((4, 10)))


def test_colours_lie_where_the_grey_ones_do():
    grey = np.random.default_rng(0).integers(0, 256, (5, 3, 16), np.uint8)
    sheet = tile(grey.reshape(5, 48))
    assert sheet.shape == (9, 14, 3) and sheet.dtype == np.uint8
    for channel in range(3):
        assert np.array_equal(sheet[..., channel], tile(grey[:, channel]))


def test_no_number_of_pixels_is_both_grey_and_coloured():
    forms = [form(channels * side**2) for channels in (1, 3) for side in range(1, 200)]
    assert forms == [(channels, side) for channels in (1, 3) for side in range(1, 200)]


def test_large_pictures_make_a_plane_too():
    random = np.random.default_rng(0)
    directions = random.normal(size=(3, 3 * 24**2))
    pixels = np.clip(128 + 20 * random.normal(size=(300, 3)) @ directions, 0, 255).astype(np.uint8)
    plane = Plane.fit(pixels)
    assert plane.components.shape == (50, 3 * 24**2) and plane.explained[:3].sum() > 0.9
    assert np.allclose(plane.components @ plane.components.T, np.eye(50), atol=1e-5)
    assert np.array_equal(plane.components, Plane.fit(pixels).components)
    assert (Neighbours(plane, pixels).nearest(pixels[:9] / 255)[0] == np.arange(9)).all()


@needs_mnist
def test_neighbours_of_noisy_mnist_digits_agree_with_brute_force(cache):
    known = data.make("mnist").open().pixels
    neighbours = Neighbours(Plane.of("mnist", known), known)
    pictures, _ = archive.load(*archive.MNIST.find("t10k"))
    unseen = torch.from_numpy(pictures[::40].reshape(-1, 784)).float() / 255
    x = unseen + 0.2 * torch.randn(unseen.shape, generator=torch.Generator().manual_seed(0))
    index, distance = neighbours.nearest(x.clamp(0, 1))
    gram = x.clamp(0, 1) @ (known.float() / 255).T
    squares = (known.float() / 255).square().sum(1) + x.clamp(0, 1).square().sum(1, keepdim=True) - 2 * gram
    shortest = squares.min(1)
    assert (index == shortest.indices.numpy()).mean() >= 0.99
    assert distance.max() < 20 and (distance <= 1.05 * shortest.values.sqrt().numpy()).all()
