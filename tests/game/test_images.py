"""Picture sets open from wherever their files are, say what is wrong with them, and draw what they hold."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import os
import struct

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from gancore.game.data import archive, data, idx
from gancore.game.data.download import DownloadFailed
from gancore.game.data.images import HELD
from tests.game.mirrors import down, mirror

IMAGES = {"digits", "mnist", "fashion-mnist", "stacked-mnist", "cifar-10", "own-pictures"}
needs_mnist = pytest.mark.skipif(
    not os.path.isdir(os.path.join(os.environ.get("GANSCOPE_DATA", "/nowhere"), "mnist")),
    reason="set GANSCOPE_DATA to a folder that holds mnist/ to run this",
)


def packed(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def tiny(first_labels=(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), seed=0) -> dict[str, bytes]:
    """A set of 30 pictures in MNIST's four files, unpacked."""
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 256, (30, 28, 28), np.uint8)
    labels = np.array(tuple(first_labels) * 3, np.uint8)
    return dict(zip(archive.FILES, [packed(pictures), packed(labels)] * 2, strict=True))


def put(folder, files: dict[str, bytes], ending=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}{ending}").write_bytes(gzip.compress(content) if ending == ".gz" else content)


def served(monkeypatch, files: dict[str, bytes], *addresses: str):
    """MNIST as these four .gz files on these mirrors."""
    md5 = tuple(hashlib.md5(content).hexdigest() for content in files.values())
    monkeypatch.setattr(
        "gancore.game.data.images.MNIST", dataclasses.replace(archive.MNIST, mirrors=addresses, md5=md5)
    )


def test_all_are_on_the_catalog():
    assert {name for name in data if data[name].page == "images"} == IMAGES


def test_digits_are_there_at_once():
    digits = data.make("digits").open()
    assert digits.pixels.shape == (1541, 64) and digits.pixels.dtype == torch.uint8 and digits.pixels.max() == 255
    assert digits.labels.shape == (1541,) and digits.labels.dtype == torch.uint8
    assert digits.held_out.shape == (256, 64) and digits.held_out.dtype == torch.uint8
    assert digits.labels.unique().tolist() == list(range(10))
    known, kept = load_digits(), np.arange(1797) % 7 != 6
    assert np.array_equal(digits.pixels.numpy(), np.rint(known.data[kept] * (255 / 16)))
    assert np.array_equal(digits.labels.numpy(), known.target[kept])
    assert (digits.side, digits.shape, digits.squash) == (8, (1, 8, 8), "sigmoid")
    assert data.make("digits").open() is digits


def test_a_sample_is_pictures_of_the_set_drawn_evenly():
    digits = data.make("digits").open()
    drawn = digits.sample(20_000, torch.Generator().manual_seed(0))
    assert drawn.shape == (20_000, 64) and drawn.dtype == torch.float32 and drawn.min() == 0 and drawn.max() == 1
    known = {row.tobytes() for row in digits.pixels.numpy()}
    assert {row.tobytes() for row in (drawn * 255).round().byte().numpy()} <= known
    assert torch.allclose(drawn.mean(0), digits.pixels.float().mean(0) / 255, atol=0.015)
    assert torch.equal(drawn, digits.sample(20_000, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("ending", [".gz", ""])
@pytest.mark.parametrize("below", ["mnist", "."])
def test_the_users_folder_comes_first(home, monkeypatch, ending, below):
    put(home / "mine" / below, tiny(), ending)
    monkeypatch.setenv("GANSCOPE_DATA", str(home / "mine"))
    source = data.make("mnist").open()
    assert source.pixels.shape == (30, 784) and source.labels[:4].tolist() == [0, 1, 2, 3] and source.side == 28
    assert not (home / "cache").exists()


def test_each_set_has_its_own_subfolder(home, monkeypatch):
    for seed, name in enumerate(("mnist", "fashion-mnist")):
        put(home / name, tiny(seed=seed))
    monkeypatch.setenv("GANSCOPE_DATA", str(home))
    one, other = data.make("mnist").open(), data.make("fashion-mnist").open()
    assert (one.name, other.name) == ("mnist", "fashion-mnist") and not torch.equal(one.pixels, other.pixels)


@pytest.mark.parametrize("this, that", [(archive.MNIST, archive.FASHION_MNIST), (archive.FASHION_MNIST, archive.MNIST)])
def test_siblings_are_not_mistaken_for_each_other(home, monkeypatch, this, that):
    put(home / "mine", tiny(this.begins))
    monkeypatch.setenv("GANSCOPE_DATA", str(home / "mine"))
    assert this.find()[0].parent == home / "mine"
    with pytest.raises(DownloadFailed, match="GANSCOPE_DATA"):
        dataclasses.replace(that, mirrors=(down(),)).find()


@pytest.mark.parametrize(
    "damage, says",
    [
        (lambda f: f | {"train-labels-idx1-ubyte": packed(np.zeros(29, np.uint8))}, r"labels.*\(29,\).*\(30,\)"),
        (lambda f: f | {"train-labels-idx1-ubyte": packed(np.full(30, 10, np.uint8))}, "the label 10"),
        (lambda f: f | {"train-images-idx3-ubyte": packed(np.zeros((30, 28, 27), np.uint8))}, r"\(30, 28, 27\)"),
        (lambda f: f | {"train-images-idx3-ubyte": packed(np.zeros((0, 28, 28), np.uint8))}, r"\(0, 28, 28\)"),
    ],
)
def test_files_that_do_not_fit_each_other_are_refused(home, monkeypatch, damage, says):
    put(home / "mine", damage(tiny()))
    monkeypatch.setenv("GANSCOPE_DATA", str(home / "mine"))
    with pytest.raises(idx.BadFile, match=says):
        data.make("mnist").open()


def test_what_is_nowhere_is_fetched_then_kept(home, monkeypatch):
    files = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in tiny().items()}
    told = []
    with mirror(files) as m:
        served(monkeypatch, files, down(), m.address)
        source = data.make("mnist").open(lambda *said: told.append(said))
        assert source.pixels.shape == (30, 784)
        assert sorted(p.name for p in (home / "cache/ganscope/mnist").glob("*.gz")) == sorted(files)
        assert len(m.ranges) == 4 and len(source.held_out) == 30
    assert data.make("mnist").open() is source
    assert told[-1] == ("Reading mnist", None) and told[0][0].startswith("Fetching train-images-idx3-ubyte.gz")


def test_without_pictures_to_test_on_the_game_can_still_be_played(home, monkeypatch):
    put(home / "mine", {name: content for name, content in tiny().items() if name.startswith("train")})
    monkeypatch.setenv("GANSCOPE_DATA", str(home / "mine"))
    served(monkeypatch, tiny(), down())
    source = data.make("mnist").open()
    assert len(source.pixels) == 30 and len(source.held_out) == 0


def test_when_nothing_can_be_fetched_the_error_says_what_to_do(home, monkeypatch):
    served(monkeypatch, tiny(), down(), down())
    with pytest.raises(DownloadFailed, match=r"(?s)train-images-idx3-ubyte.gz.*GANSCOPE_DATA.*try again"):
        data.make("mnist").open()


@pytest.mark.parametrize("zipped", [False, True])
def test_an_idx_file_reads_back(tmp_path, zipped):
    for shape in [(7,), (2, 3), (4, 5, 6), (0, 28, 28)]:
        array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        content = packed(array)
        (tmp_path / "file").write_bytes(gzip.compress(content) if zipped else content)
        assert np.array_equal(idx.read(tmp_path / "file"), array)


GOOD = packed(np.zeros((3, 4, 4), np.uint8))
FLIPPED = bytearray(gzip.compress(GOOD, mtime=0))
FLIPPED[-6] ^= 1  # inside gzip's own checksum


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "begins with nothing"),
        (b"<html>", "begins with 3c 68 74 6d: an IDX file"),
        (b"\0\0\x0d\x01" + GOOD[4:], "begins with 00 00 0d 01"),
        (GOOD[:9], "inside its header"),
        (GOOD[:-1], "promises 48 bytes .* ends after 47"),
        (GOOD + b"x", "goes on after them"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "more than 16 bytes can hold"),
        (gzip.compress(GOOD, mtime=0)[:-12], "not a whole gzip file"),
        (bytes(FLIPPED), "not a whole gzip file"),
        (b"\x1f\x8bnothing of the kind", "not a whole gzip file"),
        (gzip.compress(GOOD[:-1], mtime=0), "ends after 47"),
        (gzip.compress(GOOD + b"x", mtime=0), "goes on"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, content, says):
    (tmp_path / "some-file").write_bytes(content)
    with pytest.raises(idx.BadFile, match=f"some-file .*{says}"):
        idx.read(tmp_path / "some-file")


@needs_mnist
def test_mnist_is_mnist():
    mnist = data.make("mnist").open()
    assert mnist.pixels.shape == (60_000, 784) and mnist.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert torch.bincount(mnist.labels.long()).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist.pixels.float().mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert mnist.held_out.shape == (HELD, 784)  # of ten thousand, as many as are looked at
    pictures, labels = archive.load(*archive.MNIST.find("t10k"))
    assert pictures.shape == (10_000, 28, 28) and labels[:5].tolist() == [7, 2, 1, 0, 4]
