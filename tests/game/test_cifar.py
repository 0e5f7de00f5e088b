"""CIFAR-10 opens from a folder, an archive or a mirror, byte for byte, and says what is wrong with either."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile

import numpy as np
import pytest
import torch

from gancore import seeds
from gancore.game.data import cifar, data
from gancore.game.data.cifar import ARCHIVE, FILES, FOLDER, RECORD
from gancore.game.data.download import DownloadFailed
from gancore.game.data.idx import BadFile
from tests.game.mirrors import down, mirror

RECORDS = np.random.default_rng(0).integers(0, 256, (5, 4, RECORD), np.uint8)
RECORDS[..., 0] %= 10
PARTS = {name: records.tobytes() for name, records in zip(FILES, RECORDS)}


def packed(parts: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, content in {"readme.html": b"hello", **parts, "test_batch.bin": PARTS[FILES[0]]}.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return held.getvalue()


def put(place, parts):
    place.mkdir(parents=True)
    for name, content in parts.items():
        (place / name).write_bytes(content)


def check(source):
    assert source.pixels.shape == (20, 3072) and source.pixels.dtype == source.labels.dtype == torch.uint8
    assert source.shape == (3, 32, 32) and source.name == "cifar-10"
    assert np.array_equal(source.labels, RECORDS[..., 0].ravel())
    assert np.array_equal(source.pixels, RECORDS[..., 1:].reshape(20, -1))
    assert source.sample(7, seeds.stream(1, "x")).shape == (7, 3072)


@pytest.mark.parametrize("below", [".", "cifar-10", FOLDER, f"cifar-10/{FOLDER}"])
def test_the_extracted_folder_opens(home, monkeypatch, below):
    put(home / "mine" / below, PARTS)
    monkeypatch.setenv("GANSCOPE_DATA", str(home / "mine"))
    check(data.make("cifar-10").open())
    assert not (home / "cache").exists()


@pytest.mark.parametrize("below", [".", "cifar-10"])
def test_the_archive_opens_without_being_unpacked(home, monkeypatch, below):
    put(home / "mine" / below, {ARCHIVE: packed(PARTS)})
    monkeypatch.setenv("GANSCOPE_DATA", str(home / "mine"))
    check(data.make("cifar-10").open())
    assert [path.name for path in (home / "mine" / below).iterdir()] == [ARCHIVE]


def test_what_is_nowhere_is_fetched_then_kept(home, monkeypatch):
    content = packed(PARTS)
    monkeypatch.setattr(cifar, "MD5", hashlib.md5(content).hexdigest())
    with mirror({ARCHIVE: content}) as m:
        monkeypatch.setattr(cifar, "MIRRORS", (down(), m.address))
        check(data.make("cifar-10").open())
        cifar._load.cache_clear()
        check(data.make("cifar-10").open())
        assert len(m.ranges) == 1
    assert (home / "cache/ganscope/cifar-10" / ARCHIVE).read_bytes() == content


def test_when_nothing_can_be_fetched_the_error_says_what_to_do(home, monkeypatch):
    monkeypatch.setattr(cifar, "MIRRORS", (down(),))
    with pytest.raises(DownloadFailed, match=r"(?s)cifar-10-binary.tar.gz.*GANSCOPE_DATA"):
        data.make("cifar-10").open()


BAD_LABEL = bytes([10]) + PARTS[FILES[0]][1:]


@pytest.mark.parametrize(
    "files, says",
    [
        ({**PARTS, FILES[2]: PARTS[FILES[2]][:-1]}, "data_batch_3.bin has 12,291 bytes"),
        ({**PARTS, FILES[2]: b""}, "data_batch_3.bin has 0 bytes"),
        ({name: PARTS[name] for name in FILES[:4]}, "has no data_batch_5.bin"),
        ({**PARTS, FILES[0]: BAD_LABEL}, "the label 10"),
        ({ARCHIVE: packed({name: PARTS[name] for name in FILES[:4]})}, "has no data_batch_5.bin"),
        ({ARCHIVE: packed({**PARTS, FILES[1]: b"x" * 31_000_000})}, "data_batch_2.bin has 30,730,001 bytes"),
        ({ARCHIVE: packed(PARTS)[:-2000]}, "not a whole .tar.gz"),
        ({ARCHIVE: gzip.compress(b"hello")}, "not a whole .tar.gz"),
        ({ARCHIVE: b"hello"}, "not a whole .tar.gz"),
    ],
)
def test_what_is_damaged_is_named_with_what_is_wrong(home, monkeypatch, files, says):
    put(home / "mine", files)
    monkeypatch.setenv("GANSCOPE_DATA", str(home / "mine"))
    with pytest.raises(BadFile, match=says):
        data.make("cifar-10").open()
