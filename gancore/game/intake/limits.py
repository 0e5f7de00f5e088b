"""How much is taken in, so that no file can fill the memory or the disk, however small it was packed."""

from __future__ import annotations

from gancore.game.data.idx import BadFile

PICTURES = 200_000
FEWEST = 4  # Three directions to look along need as many pictures.
POINTS = 1_000_000
PIXELS = 1 << 26  # of one picture before it is resized
FILE = 1 << 26  # bytes of one picture's file
UNPACKED = 1 << 31  # bytes of all that a file unpacks to
STORED = 1 << 28  # bytes of a set of pictures once resized: the 102,236 faces of 48x48 fit


def check_set(place, count: int, channels: int, side: int) -> None:
    """Refuses a set of pictures that is too small to learn from or too large to keep."""
    if not FEWEST <= count <= PICTURES:
        raise BadFile(f"{place} has {count:,} pictures: give {FEWEST} to {PICTURES:,}")
    size = count * channels * side * side
    if size > STORED:
        raise BadFile(
            f"{place} would be {size / 1e6:,.0f} MB as {count:,} pictures of {channels}x{side}x{side}: give fewer, or a "
            f"smaller side, {STORED / 1e6:,.0f} MB at most"
        )


def check_unpacked(place, size: int) -> None:
    """Refuses what unpacks to more than anybody needs."""
    if size > UNPACKED:
        raise BadFile(f"{place} unpacks to {size / 1e6:,.0f} MB: give {UNPACKED / 1e6:,.0f} MB at most")
