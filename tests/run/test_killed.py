"""Whatever is killed while a run is recorded at full speed, its file opens, holds all but the last second, and goes on."""

import numpy as np

from gancore import presets
from gancore.record.reader import Reader
from gancore.train.trainer import Trainer
from tests.run.killed import KINDS, killed, newest


def test_worker_server_and_both_may_be_killed_at_any_moment(tmp_path):
    fates = list(killed(tmp_path, len(KINDS), seed=7, longest=1.5))
    assert [fate.kind for fate in fates] == list(KINDS)
    assert all(fate.held for fate in fates), fates
    with Reader(newest(tmp_path)) as reader:
        iterations, rows = reader.scalars()
    alone = Trainer(presets.load("line").config).advance(len(iterations)).numpy()
    np.testing.assert_array_equal(rows, alone)  # the very run that nobody killed
