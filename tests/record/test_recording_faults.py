"""Truths about recordings when something goes wrong: kill -9 or a full disk harm nothing, and what cannot be is said kindly."""

import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from gancore.record.recording import Reader, Recording, RecordingError
from tests.record.numbered import CONFIG, NAMES, block

WRITER = """
import sys, time
import numpy as np, torch
from gancore.record.recording import Reader, Recording
path, every = sys.argv[1], int(sys.argv[2])
recording, i = Recording.open(path), Reader(path).iterations()
print("ready", flush=True)
while True:
    recording.scalars(i, np.array([[i % 4099, -i % 4093]], np.float32))
    i += 1
    if i % 5_000 == 0:
        recording.event(i, "tick")
    if i % 500 == 0:
        recording.frame(i, b"frame %d " % i * 50)
        recording.measured(i, {"w1": i})
    if i % every == 0:
        recording.checkpoint(i, {"i": torch.full((50_000,), i)}, {"i": i})
    print(i, time.time(), flush=True)
"""


def test_kill_9_costs_at_most_the_last_second(path, tmp_path):
    Recording.create(path, CONFIG, NAMES).close()
    chance = random.Random(11)
    for kill in range(5):
        said = tmp_path / f"said-{kill}"
        with said.open("w") as out:
            child = subprocess.Popen(
                [sys.executable, "-c", WRITER, str(path), "2000" if kill >= 3 else "1000000000"], stdout=out
            )
        while not said.read_text().startswith("ready\n"):
            assert child.poll() is None
            time.sleep(0.02)
        while kill >= 3 and said.read_text().count("\n") < 2100:  # a checkpoint is behind it
            time.sleep(0.02)
        time.sleep(chance.uniform(0.3, 2.0))
        child.send_signal(signal.SIGKILL)
        child.wait()
        lines = [line.split() for line in said.read_text().splitlines(keepends=True)[1:] if line.endswith("\n")]
        handed_over = {float(wall): int(i) for i, wall in lines}
        end = max(handed_over)
        must_be_there = max((i for wall, i in handed_over.items() if wall < end - 1.0), default=0)
        with Reader(path) as reader:
            n = reader.iterations()
            iterations, values = reader.scalars()
            np.testing.assert_array_equal(iterations, np.arange(n))
            np.testing.assert_array_equal(values, block(0, n))
            assert must_be_there <= n <= handed_over[end] + 1
            assert {e["iteration"] for e in reader.events()} >= set(range(5000, n + 1, 5000))
            frames = reader.frames()
            assert set(frames) >= set(range(500, n + 1, 500)) and reader.kept().get("kept", 0) == len(frames)
            assert all(reader.frame(at) == b"frame %d " % at * 50 for at in frames[-20:])
            assert {at for at, _, _ in reader.measured()} == set(frames)
            if checkpoint := reader.last_checkpoint():
                iteration, tensors, extra = checkpoint
                assert extra == {"i": iteration} and (tensors["i"] == iteration).all()
                assert iteration <= n
    assert checkpoint, "no child lived long enough for a checkpoint"
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


FULL_DISK = """
import resource, sys
import numpy as np
from gancore.record.recording import Recording, RecordingError
recording = Recording.create(sys.argv[1], {}, ("a", "b"))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
i = 0
try:
    while True:
        recording.scalars(i, np.full((1000, 2), i, np.float32))
        i += 1000
        recording.commit()
except RecordingError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
recording.commit()
print(i)
"""


def test_a_full_disk_is_said_kindly_and_loses_nothing(path):
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    message, handed_over = done.stdout.splitlines()
    assert str(path) in message and "GANSCOPE_RUNS" in message
    with Reader(path) as reader:
        assert reader.iterations() == int(handed_over)
        np.testing.assert_array_equal(reader.scalars()[1][:, 0], np.arange(int(handed_over)) // 1000 * 1000)
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_folder_that_cannot_be_made_is_said_kindly(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RecordingError, match="GANSCOPE_RUNS") as told:
        Recording.create(tmp_path / "file" / "run.ganscope", CONFIG, NAMES)
    assert str(tmp_path) in str(told.value)


def test_a_config_that_is_no_json_leaves_no_file_behind(path):
    with pytest.raises(TypeError):
        Recording.create(path, {"loss": object()}, NAMES)
    assert not path.exists()


def test_an_existing_file_is_never_replaced(recording, path):
    with pytest.raises(RecordingError, match="exists"):
        Recording.create(path, CONFIG, NAMES)


@pytest.mark.parametrize("open_it", [Reader, Recording.open])
def test_what_is_no_recording_is_said_kindly(tmp_path, open_it):
    (tmp_path / "text").write_text("no database at all, just text\n" * 100)
    with sqlite3.connect(tmp_path / "other") as database:
        database.execute("CREATE TABLE meta (key, value)")
        database.execute("INSERT INTO meta VALUES ('format', '99')")
    for name, why in (("missing", "unable to open"), ("text", "not a database"), ("other", "format is 99")):
        with pytest.raises(RecordingError, match=why) as told:
            open_it(tmp_path / name)
        assert name in str(told.value)
    assert not (tmp_path / "missing").exists()


def test_a_damaged_checkpoint_is_said_kindly(recording, path):
    recording.checkpoint(1, {"w": torch.ones(2)})
    with sqlite3.connect(path) as database:
        database.execute("UPDATE checkpoints SET payload = ?", (b"\x80\x04\x95garbage",))
    with Reader(path) as reader, pytest.raises(RecordingError, match="cannot read"):
        reader.last_checkpoint()


def test_a_reader_cannot_write(recording, path):
    with Reader(path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.execute("DELETE FROM meta")


def test_a_reader_may_be_closed_while_others_ask_it(tmp_path):
    """SQLite took the whole process with it, and with the server everybody's page."""
    recording = Recording.create(tmp_path / "run.sqlite", CONFIG, NAMES)
    for first in range(1, 20_001, 100):
        recording.scalars(first, np.zeros((100, len(NAMES)), np.float32))
    recording.commit()

    def ask():
        with contextlib.suppress(RecordingError):
            while True:
                reader.scalars()
                asked.set()

    for _ in range(30):
        reader, asked = Reader(recording.path), threading.Event()
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        asked.wait()
        reader.close()
        for thread in threads:
            thread.join()
    assert Reader(recording.path).last() == 20_000
