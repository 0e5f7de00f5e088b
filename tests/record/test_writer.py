"""Truths about who writes a recording: a run that goes on, one that rests, one that was cut off and one that is over."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gancore.record import writer
from gancore.record.reader import Reader
from gancore.record.recording import Recording

ROOT = Path(__file__).parents[2]
WRITES = """
import sys, time
from gancore.record.recording import Recording
recording = Recording.create(sys.argv[1], {}, ("a",))
print("open", flush=True)
if sys.stdin.readline() == "close\\n":
    recording.close()
    time.sleep(60)
time.sleep(60)
"""
MANY = """
import sys
from gancore.record.recording import Recording
for i in range(40):
    Recording.create(f"{sys.argv[1]}/{i}.sqlite", {}, ("a",)).close()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that has opened a recording."""
    path = tmp_path / "theirs.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "open\n"
    yield path, process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def told(path):
    with Reader(path) as reader:
        return reader.fact(writer.FACT)


def test_another_process_is_seen_to_write_and_to_have_been_killed(other):
    path, process = other
    assert told(path)["pid"] == process.pid
    assert writer.standing(told(path), 0.0) == writer.LIVE
    assert writer.standing(told(path), 60.0) == writer.SILENT
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert {writer.standing(told(path), age) for age in (0.0, 60.0)} == {writer.GONE}


def test_who_closes_is_done_though_the_process_goes_on(other):
    path, process = other
    process.stdin.write("close\n")
    process.stdin.flush()
    end = time.monotonic() + 30
    while writer.standing(told(path), 0.0) != writer.CLOSED:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert process.poll() is None


def test_whose_number_was_given_to_somebody_else_is_gone():
    assert writer.standing(writer.me() | {"born": "1"}, 0.0) == writer.GONE
    assert writer.standing(writer.me(), 0.0) == writer.LIVE


@pytest.mark.parametrize("odd", [{"pid": "x"}, {"pid": 2**70}, {"place": 3, "pid": 1}, {"pid": 1, "born": []}, {}])
def test_of_a_writer_elsewhere_or_one_that_makes_no_sense_only_its_news_are_known(odd):
    far = {"place": "elsewhere", "pid": 1, "born": "1"} | odd
    assert writer.standing(far, 1.0) == writer.LIVE and writer.standing(far, 60.0) == writer.SILENT


@pytest.mark.parametrize("older", [None, 3, "x", []])
def test_a_file_that_does_not_say_is_live_while_it_grows(older):
    assert writer.standing(older, 1.0) == writer.LIVE and writer.standing(older, 60.0) == writer.CLOSED


def test_a_closed_recording_is_one_file_also_while_somebody_reads_it(tmp_path):
    recording = Recording.create(tmp_path / "run.sqlite", {}, ("a",))
    with Reader(recording.path) as reader:
        assert reader.iterations() == 0
        recording.scalars(1, np.ones((500, 1), "f4"))
        recording.close()
        alone = tmp_path / "sent.sqlite"
        alone.write_bytes(recording.path.read_bytes())
        with Reader(alone) as sent:
            assert sent.iterations() == 500 and "closed" in sent.fact(writer.FACT)


def test_a_recording_is_there_whole_or_not_at_all(tmp_path):
    """Whoever watches a folder never meets a file without its tables."""
    process = subprocess.Popen([sys.executable, "-c", MANY, str(tmp_path)], cwd=ROOT)
    seen = set()
    while process.poll() is None or len(seen) < 40:
        for path in set(tmp_path.glob("*.sqlite")) - seen:
            with Reader(path) as reader:
                assert reader.names == ("a",)
            seen.add(path)
    # A log may outlive the reader that came in between; of a file in the making nothing stays.
    assert process.returncode == 0
    assert all(re.fullmatch(r"\d+\.sqlite(-wal|-shm)?", p.name) for p in tmp_path.iterdir())
