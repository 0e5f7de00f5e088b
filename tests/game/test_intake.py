"""What a user brings in arrives pixel for pixel, and what cannot be used is refused in kind words before it costs much."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from gancore import seeds
from gancore.__main__ import main
from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.game.data import data, stored
from gancore.game.data.idx import BadFile
from gancore.game.intake import limits, read
from tests.game.test_images import packed

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (5, 28, 28), np.uint8)
COLOUR = RANDOM.integers(0, 256, (4, 28, 28, 3), np.uint8)


def png(array: np.ndarray, form="png") -> bytes:
    held = io.BytesIO()
    Image.fromarray(array).save(held, form)
    return held.getvalue()


def zipped(members: dict[str, bytes], how=zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()


def put(path, content: bytes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def saved(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


@pytest.fixture(params=["folder", "zip"])
def bring(request, tmp_path):
    """Puts pictures where a user may have them."""

    def brought(members: dict[str, bytes]):
        if request.param == "zip":
            return put(tmp_path / "all.zip", zipped(members))
        for name, content in members.items():
            put(tmp_path / "all" / name, content)
        return tmp_path / "all"

    return brought


def test_grey_files_arrive_pixel_for_pixel_in_order(bring):
    members = {f"sub/{i}.png": png(picture) for i, picture in enumerate(GREY)}
    strangers = {
        "notes.txt": b"hello",
        "__MACOSX/._0.png": b"junk",
        ".hidden.png": b"junk",
        "sub/.thumbs/0.jpg": b"junk",
    }
    kind, array = read(bring(strangers | members))
    assert kind == "pictures" and array.dtype == np.uint8 and array.shape == (5, 1, 28, 28)
    assert np.array_equal(array[:, 0], GREY)


def test_one_colour_makes_the_set_coloured(bring):
    _, array = read(bring({f"{i}.png": png(GREY[i]) for i in range(4)} | {"4.bmp": png(COLOUR[0], "bmp")}))
    assert array.shape == (5, 3, 28, 28)
    assert (array[0] == GREY[0]).all() and np.array_equal(array[4], COLOUR[0].transpose(2, 0, 1))


def test_files_are_cut_to_the_middle_and_resized(bring):
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = (255, 0, 0)
    _, array = read(bring({f"{i}.png": png(wide) for i in range(4)}), side=16)
    assert array.shape == (4, 3, 16, 16) and (array[:, 0] > 230).all() and (array[:, 1:] < 25).all()


def test_every_way_of_writing_a_picture_is_read(tmp_path):
    clear = np.zeros((20, 20, 4), np.uint8)
    deep = np.full((20, 20), 0x80FF, np.uint16)
    modes = {
        "transparent.png": png(clear),
        "palette.gif": png(np.full((20, 20), 7, np.uint8), "gif"),
        "16-bit.png": png(deep),
        "bits.png": png(np.ones((20, 20), bool)),
        "photo.jpg": png(np.full((20, 20, 3), 90, np.uint8), "jpeg"),
        "print.tif": png(np.full((20, 20), 90, np.uint8), "tiff"),
        "web.webp": png(np.full((20, 20, 3), 90, np.uint8), "webp"),
    }
    for name, content in modes.items():
        put(tmp_path / "all" / name, content)
    _, array = read(tmp_path / "all", side=20)
    means = dict(zip(sorted(modes), array.mean((1, 2, 3))))
    due = {"transparent.png": 255, "palette.gif": 7, "16-bit.png": 0x80, "bits.png": 255}
    assert all(abs(mean - due.get(name, 90)) <= 1 for name, mean in means.items())


LAYOUTS = {
    "(N, h, w)": (GREY, GREY[:, None]),
    "(N, h, w, 1)": (GREY[..., None], GREY[:, None]),
    "(N, 1, h, w)": (GREY[:, None], GREY[:, None]),
    "(N, h, w, 3)": (COLOUR, COLOUR.transpose(0, 3, 1, 2)),
    "(N, 3, h, w)": (COLOUR.transpose(0, 3, 1, 2), COLOUR.transpose(0, 3, 1, 2)),
    "(N, 784)": (GREY.reshape(5, -1), GREY[:, None]),
    "(N, 2352)": (COLOUR.transpose(0, 3, 1, 2).reshape(4, -1), COLOUR.transpose(0, 3, 1, 2)),
    "floats": (GREY / 255, GREY[:, None]),
    "float32": ((GREY / 255).astype(np.float32), GREY[:, None]),
    "int64": (GREY.astype(np.int64), GREY[:, None]),
    "bits": (GREY > 127, (GREY[:, None] > 127) * np.uint8(255)),
    "fortran": (np.asfortranarray(GREY), GREY[:, None]),
}


@pytest.mark.parametrize("ending", ["npy", "npz", "mat"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_arrays_of_every_layout_arrive(tmp_path, layout, ending):
    array, due = LAYOUTS[layout]
    path = tmp_path / f"set.{ending}"
    if ending == "npy":
        np.save(path, array)
    elif ending == "npz":
        saved(path, labels=np.arange(len(array)), images=array)
    elif array.dtype == bool or array.dtype == np.int64:
        pytest.skip("not a class that MATLAB keeps pictures in")
    else:
        scipy.io.savemat(path, {"images": array, "labs_ex": np.zeros((len(array), 1))})
    kind, got = read(path)
    assert kind == "pictures" and got.dtype == np.uint8 and got.shape == due.shape and np.array_equal(got, due)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_files_arrive_whatever_their_name(tmp_path, pack):
    _, array = read(put(tmp_path / "train-images-idx3-ubyte", pack(packed(GREY))))
    assert np.array_equal(array[:, 0], GREY)


def test_faces_keep_their_48_pixels_unless_told_otherwise(tmp_path):
    """The layout in which the Toronto Face Database is handed out."""
    faces = RANDOM.integers(0, 256, (7, 48, 48), np.uint8)
    found = {"images": faces, "labs_ex": np.full((7, 1), -1), "labs_id": np.ones((7, 1)), "folds": np.zeros((7, 5))}
    scipy.io.savemat(tmp_path / "TFD_48x48.mat", found, do_compression=True)
    assert np.array_equal(read(tmp_path / "TFD_48x48.mat")[1][:, 0], faces)
    assert read(tmp_path / "TFD_48x48.mat", side=24)[1].shape == (7, 1, 24, 24)


def huge_npy(shape) -> bytes:
    """A header that promises far more than follows."""
    held = io.BytesIO()
    np.lib.format.write_array_header_1_0(held, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return held.getvalue()


class Trap:
    """Shouts when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("something was unpickled",))


def trapped(save) -> bytes:
    held = io.BytesIO()
    save(held, np.array([Trap()], object))
    return held.getvalue()


def bomb(side: int) -> bytes:
    """A picture that is small on the disk and says that it is large."""
    content = bytearray(png(np.zeros((1, 1), np.uint8)))
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


BAD = {
    "a.npy": [
        (trapped(np.save), "not a whole array of numbers"),
        (huge_npy((10**6, 64, 64)), r"unpacks to 4,096 MB"),
        (huge_npy((10, 28, 28)), "not a whole array"),
        (b"hello", "not a whole array"),
    ],
    "b.npz": [
        (trapped(np.savez), "not a whole array of numbers"),
        (zipped({"x.npy": huge_npy((10**6, 64, 64))}), r"unpacks to 4,096 MB"),
        (zipped({"one.npy": b"", "two.npy": b""}), "holds one, two: name the array"),
        (b"hello", "cannot be unpacked"),
    ],
    "c.mat": [(b"hello", "not a whole .mat file"), (b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM", "7.3")],
    "d.zip": [
        (zipped({"notes.txt": b""}), "has no pictures"),
        (zipped({"0.png": b"hello"}), "d.zip/0.png cannot be read as a picture"),
        (zipped({"0.png": bomb(9000)}), "9000x9000 pixels: give"),
        (zipped({"0.png": bomb(1 << 15)}), "1073741824 pixels"),
        (zipped({"0.png": png(GREY[0])}), "has 1 pictures: give 4 to"),
        (zipped({"0.png": bytes(1 << 27)}), "has 134 MB: give pictures of 67 MB"),
        (zipped({"0.png": png(GREY[0])})[:-30], "cannot be unpacked"),
        (b"hello", "cannot be unpacked"),
    ],
    "e.idx": [(packed(GREY)[:-1], "ends after"), (b"\0\0\x08\x03" + b"\xff" * 12, "can hold")],
    "f.pdf": [(b"%PDF", "of no kind that can be read")],
    "g.csv": [
        (b"1,2\n3\n", "line 2: '3' is no point"),
        (b"1,2\n1,2,3\n", "line 2: '1,2,3' is no point: it has 3 columns"),
        (b"x,y\n1,a\n", "line 2, column 2: 'a' is no number"),
        (b"x,y\n1,2\n,3\n", "line 3, column 1: '' is no number"),
        (b"1,nan\n2,2\n", "line 1, column 2: 'nan' is too far out"),
        (b"1,2\n1e9,2\n", "line 2, column 1: '1e9' is too far out"),
        (b"x,y\n1,2\n", "has 1 points"),
        (b"", "has 0 points"),
        (b"\xff\xfe\0", "not text"),
    ],
}


@pytest.mark.parametrize("name, content, says", [(name, *bad) for name, all_bad in BAD.items() for bad in all_bad])
def test_what_cannot_be_used_is_named_with_what_would_do(tmp_path, name, content, says):
    with pytest.raises(BadFile, match=says) as refusal:
        read(put(tmp_path / name, content))
    assert name in str(refusal.value)


SHAPES = [(5, 2, 3, 2), (5, 10), (5,), (0, 28, 28), (1, 28, 28)]


@pytest.mark.parametrize(
    "array", [*map(np.zeros, SHAPES), GREY - 0.5, GREY * 1.0, np.full((5, 8, 8), np.nan), GREY + 1j]
)
def test_arrays_that_are_no_pictures_are_refused(tmp_path, array):
    np.save(tmp_path / "set.npy", array)
    with pytest.raises(BadFile, match=r"set\.npy (has the shape|has \d+ pictures|holds).*: give"):
        read(tmp_path / "set.npy")


def test_limits_hold_before_memory_is_taken(tmp_path, monkeypatch):
    np.save(tmp_path / "set.npy", np.zeros((50, 64, 64), np.uint8))
    monkeypatch.setattr(limits, "STORED", 100_000)
    with pytest.raises(BadFile, match="smaller side"):
        read(tmp_path / "set.npy")
    assert read(tmp_path / "set.npy", side=8)[1].shape == (50, 1, 8, 8)
    monkeypatch.setattr(limits, "PICTURES", 49)
    with pytest.raises(BadFile, match="50 pictures: give 4 to 49"):
        read(tmp_path / "set.npy", side=8)
    monkeypatch.setattr(limits, "UNPACKED", 1000)
    put(tmp_path / "all.zip", zipped({f"{i}.png": png(GREY[i]) for i in range(3)}))
    with pytest.raises(BadFile, match="unpacks to"):
        read(tmp_path / "all.zip")


@pytest.mark.parametrize(
    "text", ["1,2\n-3.5,4e1\n", "x;y\n1;2\n-3.5 ; 40\n", "# made by hand\n\n1\t2\n-3.5\t40", "\ufeffa b\n1 2\n-3.5 40"]
)
def test_points_are_read_however_they_are_parted(tmp_path, text):
    kind, array = read(put(tmp_path / "points.csv", text.encode()))
    assert kind == "points" and array.dtype == np.float32 and array.tolist() == [[1, 2], [-3.5, 40]]


def test_pictures_are_brought_in_then_played_on_by_name(home, capsys):
    np.save(home / "set.npy", COLOUR)
    assert main(["import", str(home / "set.npy"), "--name", "my-set"]) == 0
    assert "my-set: 4 pictures of 28x28 pixels, in colour" in capsys.readouterr().out
    source = Config.from_flat({"data": "own-pictures", "data.set": "my-set"}).data.open()
    assert source.shape == (3, 28, 28) and np.array_equal(source.pixels, COLOUR.transpose(0, 3, 1, 2).reshape(4, -1))
    x = source.sample(9, seeds.stream(1, "x"))
    assert x.shape == (9, 2352) and x.min() >= 0 and x.max() <= 1
    assert data.make("own-pictures", set="my-set").open() is source


def test_points_are_brought_in_then_played_on_by_name(home):
    put(home / "my.csv", b"0,1\n2,3\n4,-5\n")
    assert main(["import", str(home / "my.csv"), "--name", "three"]) == 0
    source = data.make("own-points", set="three").open()
    drawn = source.sample(300, seeds.stream(1, "x"))
    assert {tuple(row) for row in drawn.tolist()} == {(0, 1), (2, 3), (4, -5)}
    (left, right), (below, above) = source.window
    assert left < 0 and right > 4 and below < -5 and above > 3
    assert source.scale == pytest.approx(torch.tensor([[0.0, 1], [2, 3], [4, -5]]).var(0).mean().sqrt())


def test_a_set_that_is_missing_is_told_with_those_there_are(home):
    with pytest.raises(BadKnob, match=r'"faces" is not here: there is none yet.*import PATH --name faces'):
        data.make("own-pictures", set="faces").open()
    for name in ("face", "cats"):
        stored.save("pictures", name, GREY[:, None])
    with pytest.raises(BadKnob, match=r"did you mean face\?.*give one of cats, face"):
        data.make("own-pictures", set="faces").open()


@pytest.mark.parametrize("name", ["../up", "a/b", "A", "", "a--b", "-a", "a b", "a" * 41, "mine.npz", "c:\\x", "ü"])
def test_a_name_is_never_a_path(home, name, capsys):
    with pytest.raises(BadKnob, match="small letters"):
        data.make("own-pictures", set=name)
    np.save(home / "set.npy", GREY)
    assert main(["import", str(home / "set.npy"), f"--name={name}"]) == 2
    assert not (home / "cache").exists() and "small letters" in capsys.readouterr().err


def test_a_name_is_taken_once(home, capsys):
    np.save(home / "set.npy", GREY)
    put(home / "my.csv", b"0,1\n2,3\n")
    assert main(["import", str(home / "set.npy"), "--name", "mine"]) == 0
    for path in ("set.npy", "my.csv"):
        assert main(["import", str(home / path), "--name", "mine"]) == 2
        assert '"mine" is taken' in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["nowhere.npy"], ["nowhere"], ["set.npy", "--side", "4"], ["set.npy", "--side", "wide"]]
)
def test_a_command_that_cannot_be_followed_says_why(home, monkeypatch, capsys, arguments):
    monkeypatch.chdir(home)
    np.save("set.npy", GREY)
    assert main(["import", *arguments, "--name", "mine"]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (home / "cache").exists()


def test_a_damaged_set_says_what_to_do(home):
    path = stored.save("pictures", "mine", GREY[:, None])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadFile, match=r"damaged.*bring the set in again"):
        data.make("own-pictures").open()
