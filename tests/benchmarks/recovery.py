"""What is left of a run when its worker, its server or both are killed with SIGKILL at random moments, and how soon it is back.

Run as a program: fifty kills while it trains and records at full speed. After each the file is read from end to end. After
the last one the recording is compared, bit for bit, with the same game played by nobody but a trainer.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from gancore import presets
from gancore.record.reader import Reader
from gancore.train.trainer import Trainer
from tests.run.killed import KINDS, killed, newest

KILLS = 50


def main(kills: int = KILLS) -> None:
    folder = Path(tempfile.mkdtemp())
    print(f"{kills} kills, preset line, {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
    print("kill  of        said 1 s before     said last          kept    lost from    further than before after")
    fates = []
    for kill, fate in enumerate(killed(folder, kills), 1):
        fates.append(fate)
        print(
            f"{kill:4}  {fate.kind:8} {fate.due:16} {fate.told:13} {fate.kept:13} {-fate.behind:10.2f} s {fate.back:22.2f} s"
            + "   TOO MUCH IS LOST" * (not fate.held),
            flush=True,
        )  # fmt: skip
    print(
        f"every file opened, without a gap; all but the last second kept: {sum(f.held for f in fates)} of {len(fates)}"
    )
    for kind in KINDS:
        back = [fate.back for fate in fates if fate.kind == kind]
        behind = [fate.behind for fate in fates if fate.kind == kind]
        print(f"{kind:8} lost at most the last {max(behind):.2f} s; further than before after {statistics.median(back):.2f} s (median), "
              f"{max(back):.2f} s (slowest)")  # fmt: skip
    with Reader(newest(folder)) as reader:
        iterations, rows = reader.scalars()
    n = len(iterations)
    alone = Trainer(presets.load("line").config).advance(n).numpy()
    same = np.array_equal(iterations, np.arange(1, n + 1)) and np.array_equal(rows, alone)
    print(f"{n} iterations recorded; equal, bit for bit, to a run that nobody killed: {same}")
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
