"""Truths about a disk that is really full and a folder that is really read-only: it is said, and training goes on if wished.

Both are mounted for the test, because to root no folder is read-only by its mode; where that is not allowed it is skipped.
"""

import queue
import subprocess
import time
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import optimizer

from gancore import watch
from gancore.record.reader import Reader
from gancore.record.recording import RecordingError
from gancore.run import messages
from gancore.run.worker import Worker
from tests.run.tiny import TINY

ROOM = 1500  # kilobytes


@contextmanager
def mounted(folder, *how):
    folder.mkdir()
    said = subprocess.run(["mount", *how, str(folder)], capture_output=True, text=True)
    if said.returncode:
        pytest.skip(f"this user may not mount: {said.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small(tmp_path):
    """A disk on which there is little room."""
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", f"size={ROOM}k", "tmpfs") as folder:
        yield folder


@pytest.fixture
def readonly(tmp_path):
    with mounted(tmp_path / "fixed", "-t", "tmpfs", "-o", "ro", "tmpfs") as folder:
        with pytest.raises(OSError):
            (folder / "x").write_text("x")
        yield folder


def whole(path):
    """How many iterations a recording holds, every one from the first on."""
    with Reader(path) as reader:
        iterations, _ = reader.scalars()
    np.testing.assert_array_equal(iterations, np.arange(1, len(iterations) + 1))
    return len(iterations)


# -- the dashboard's own runs ----------------------------------------------------------------------------------------


@pytest.fixture
def host():
    """Plays a run in a worker of this process, recorded in a folder."""
    told, inbox = [], queue.SimpleQueue()
    worker = Worker(inbox, told.append)

    def begin(folder):
        inbox.put(messages.Open("run", 0, TINY.flat(), [], str(folder / "run.sqlite"), {}, playing=True))
        worker.listen()
        return worker.runs["run"]

    def rounds(there, patience=120.0):
        end = time.monotonic() + patience
        while not there():
            assert time.monotonic() < end, "it did not come"
            worker.round()

    def play():
        inbox.put(messages.Play("run"))
        worker.listen()

    return begin, rounds, play


def told(run):
    return run.telling.last.detail if run.telling.last else ""


def agreed(run, play):
    """Presses Play whenever the run has stopped: a little may still fit on the disk, and then it stops once more."""
    if run.state == "failed" and run.telling.last.state == "failed":
        play()
    return True


def test_a_run_on_a_full_disk_says_so_and_goes_on_unrecorded_when_asked(small, host):
    begin, rounds, play = host
    run = begin(small)
    rounds(lambda: run.state == "failed")
    rounds(lambda: "disk is full" in told(run))
    assert "press Play to train on all the same" in told(run) and "make room" in told(run)
    before, kept = run.trainer.iteration, whole(small / "run.sqlite")
    rounds(lambda: agreed(run, play) and "Not recorded: the disk does not take it" in told(run))
    rounds(lambda: run.trainer.iteration > before + 20)
    assert run.state == "playing" and whole(small / "run.sqlite") >= kept > 0


def test_a_run_loses_nothing_when_room_is_made_before_it_goes_on(small, host):
    begin, rounds, play = host
    run = begin(small)
    rounds(lambda: run.state == "failed" and "disk is full" in told(run))
    before = run.trainer.iteration
    # What waits to be written is as much as was made in the second since the last commit: the faster the game, the more.
    subprocess.run(["mount", "-o", f"remount,size={10 * ROOM}k", str(small)], check=True)
    play()
    rounds(lambda: run.state == "playing" and run.trainer.iteration > before + 20)
    run.pause()
    assert run.keeping and whole(small / "run.sqlite") == run.trainer.iteration > before


def test_a_run_in_a_folder_that_cannot_be_written_says_so_before_it_begins(readonly, host):
    begin, rounds, play = host
    run = begin(readonly)
    rounds(lambda: run.state == "failed")
    rounds(lambda: "Read-only file system" in told(run))
    assert run.trainer.iteration == 0 and "GANSCOPE_RUNS" in told(run)
    play()
    rounds(lambda: run.trainer.iteration > 50)
    assert run.state == "playing" and not list(readonly.iterdir())


# -- loops of somebody else's ----------------------------------------------------------------------------------------


def watched(folder, **more):
    g, d = nn.Linear(4, 64), nn.Linear(64, 1)
    return watch(
        "mine",
        generator=g,
        discriminator=d,
        noise=lambda n: torch.randn(n, 4),
        real=torch.rand(50, 64),
        folder=folder,
        **more,
    )


def test_a_loop_goes_on_when_the_disk_is_full_and_what_was_kept_can_be_read(small, caplog):
    run, steps = watched(small), 0
    end = time.monotonic() + 120
    while run._recorder.open and time.monotonic() < end:
        run.d_step(1.0, torch.randn(9), torch.randn(9))
        run.g_step(1.0)
        steps += 1
    assert not run._recorder.open and "disk is full" in caplog.text and "training goes on" in caplog.text
    run.d_step(1.0)
    run.close()
    assert len(caplog.records) == 1 and 0 < whole(run.path) <= steps


def test_a_folder_that_cannot_be_written_is_an_error_in_the_line_of_watch_unless_that_is_fine(readonly, caplog):
    before = len(optimizer._global_optimizer_post_hooks)
    with pytest.raises(RecordingError, match="Read-only file system"):
        watched(readonly)
    run = watched(readonly, unrecorded=True)
    run.d_step(1.0)
    run.g_step(1.0)
    run.close()
    assert run.path is None and "not recorded, as asked" in caplog.text
    assert len(optimizer._global_optimizer_post_hooks) == before
