"""A frame arrives as it was sent, and bytes that are no frame are refused."""

import json
import struct

import numpy as np
import pytest

from gancore.observe.frame import Frame


def test_a_frame_comes_back_as_it_was_sent():
    arrays = {
        "p_g": np.array([0.5, np.nan, -np.inf], "f4"),
        "t": np.linspace(0, 1, 7),
        "counts": np.arange(6, dtype="i4").reshape(2, 3),
        "grid": np.arange(24, dtype="u1").reshape(2, 4, 3),
        "empty": np.zeros(0, "f4"),
        "one": np.float64(3.5),
    }
    back = Frame.decode(Frame(1200, arrays, {"elapsed": 3.5}).encode())
    assert (back.iteration, back.info, list(back.arrays)) == (1200, {"elapsed": 3.5}, list(arrays))
    for name, array in arrays.items():
        assert back.arrays[name].dtype == array.dtype and back.arrays[name].shape == array.shape
        np.testing.assert_array_equal(back.arrays[name], array)


def test_every_array_starts_where_a_browser_can_lay_a_float64array():
    data = Frame(1, {"a": np.zeros(3, "u1"), "b": np.zeros(5, "f4"), "c": np.zeros(2)}).encode()
    (length,) = struct.unpack_from("<I", data)
    assert (4 + length) % 8 == 0 and len(data) % 8 == 0
    assert all(entry["offset"] % 8 == 0 for entry in json.loads(data[4 : 4 + length])["arrays"].values())


@pytest.mark.parametrize(
    "sent, arrives",
    [("f2", "<f4"), (">f8", "<f8"), ("i8", "<i4"), ("u2", "<i4"), ("bool", "|u1")],
)
def test_other_numbers_travel_in_the_nearest_of_the_four_dtypes(sent, arrives):
    back = Frame.decode(Frame(0, {"a": np.array([0, 1]).astype(sent)}).encode()).arrays["a"]
    assert back.dtype.str == arrives and back.tolist() == [0, 1]


def test_whole_numbers_beyond_32_bits_keep_their_value():
    assert Frame.decode(Frame(0, {"a": np.array([2**40])}).encode()).arrays["a"].tolist() == [2.0**40]


def test_text_is_refused_by_name():
    with pytest.raises(TypeError, match="label"):
        Frame(0, {"label": np.array(["a"])}).encode()


@pytest.mark.parametrize("data", [b"", b"abc", b"\xff\xff\xff\xff{}", b"\x02\0\0\0{}", b"\x02\0\0\0[]"])
def test_bytes_that_are_no_frame_are_refused(data):
    with pytest.raises(ValueError):
        Frame.decode(data)


def test_a_frame_cut_short_or_with_a_strange_dtype_is_refused():
    data = Frame(1, {"a": np.zeros(100)}).encode()
    for wrong in (data[:-8], data.replace(b"<f8", b"|O8")):
        with pytest.raises(ValueError):
            Frame.decode(wrong)
