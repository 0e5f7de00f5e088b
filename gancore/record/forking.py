"""A recording that shares its past with another one up to some iteration: what a fork starts from."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from gancore.record import store
from gancore.record.reader import Reader
from gancore.record.store import kindly, transaction

TABLES = ("events", "measured", "frames", "checkpoints")


def fork(parent: Path, child: Path, iteration: int) -> None:
    """Makes `child`, with all that `parent` holds up to `iteration`. The parent is only read, also while it grows.

    The child is there whole or not at all. It may be given the parent's scalars of a few iterations more, in its last
    block, and lack some of the newest: `Recording.truncate` and playing again put that right.
    """
    with Reader(parent) as reader:
        facts = {"created": time.time(), "config": reader.config, "names": list(reader.names)}
    half = child.with_name(f".{child.name}.half")
    half.unlink(missing_ok=True)
    with kindly(child, "write"):
        store.create(half, facts | {"parent": {"recording": parent.stem, "iteration": iteration}})
        with contextlib.closing(store.connect(half, "rw")) as database:
            database.execute("ATTACH ? AS parent", (store.address(parent, "ro"),))
            with transaction(database):
                for table in TABLES:
                    database.execute(
                        f"INSERT INTO {table} SELECT * FROM parent.{table} WHERE iteration <= ?", (iteration,)
                    )
                database.execute(
                    "INSERT INTO scalars SELECT * FROM parent.scalars WHERE first_iteration <= ?", (iteration,)
                )
        os.replace(half, child)
