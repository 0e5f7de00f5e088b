"""A download ends with the right bytes or with an error that helps; whatever broke off is gone on from."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from gancore.game.data.download import DownloadFailed, cache_folder, fetch
from tests.game.mirrors import down, mirror, silent

NAME = "pictures.gz"
CONTENT = np.random.default_rng(0).bytes(400_000)
MD5 = hashlib.md5(CONTENT).hexdigest()
WRONG = bytes(len(CONTENT))
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _here_only(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("GANSCOPE_DATA", raising=False)


def beside(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


class Stop(Exception):
    pass


def stop_at(share: float):
    """A report that stops the download once `share` of the file has come."""

    def report(text, fraction):
        if fraction and fraction >= share:
            raise Stop

    return report


def test_a_file_arrives_whole_and_is_fetched_once(tmp_path):
    told = []
    with mirror({NAME: CONTENT}) as m:
        for _ in range(2):
            path = fetch(NAME, MD5, tmp_path / "new", [m.address], lambda *said: told.append(said))
        assert path.read_bytes() == CONTENT and m.sent == len(CONTENT)
    assert beside(path.parent) == {NAME}
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1 and len(fractions) > 10
    assert told[0][0].startswith(f"Fetching {NAME}: 0.0 of 0.4 MB")


def test_a_damaged_file_in_the_cache_is_replaced(tmp_path):
    (tmp_path / NAME).write_bytes(WRONG)
    with mirror({NAME: CONTENT}) as m:
        assert fetch(NAME, MD5, tmp_path, [m.address]).read_bytes() == CONTENT


@pytest.mark.parametrize("first", ["down", "404", "wrong", "breaks"])
def test_the_second_mirror_steps_in(tmp_path, first):
    files = {"404": {}, "wrong": {NAME: WRONG}}.get(first, {NAME: CONTENT})
    with mirror(files, breaks_after=100_000 if first == "breaks" else None) as bad, mirror({NAME: CONTENT}) as good:
        mirrors = [down() if first == "down" else bad.address, good.address]
        assert fetch(NAME, MD5, tmp_path, mirrors).read_bytes() == CONTENT
        kept = int(good.ranges[0].removeprefix("bytes=").rstrip("-")) if first == "breaks" else 0
        assert good.sent == len(CONTENT) - kept
        assert kept > 0 or first != "breaks"
    assert beside(tmp_path) == {NAME}


def test_a_silent_mirror_is_given_up_in_time(tmp_path):
    began = time.monotonic()
    with silent() as mute, mirror({NAME: CONTENT}) as good:
        assert fetch(NAME, MD5, tmp_path, [mute, good.address], timeout=0.3).read_bytes() == CONTENT
    assert time.monotonic() - began < 15


def test_a_stopped_download_goes_on_where_it_stopped(tmp_path):
    with mirror({NAME: CONTENT}) as m:
        with pytest.raises(Stop):
            fetch(NAME, MD5, tmp_path, [m.address], stop_at(0.5))
        kept = (tmp_path / f"{NAME}.part").stat().st_size
        assert beside(tmp_path) == {f"{NAME}.part"} and 200_000 <= kept < 250_000
    with mirror({NAME: CONTENT}) as again:
        assert fetch(NAME, MD5, tmp_path, [again.address]).read_bytes() == CONTENT
        assert again.ranges == [f"bytes={kept}-"] and again.sent == len(CONTENT) - kept
    assert beside(tmp_path) == {NAME}


def test_a_mirror_that_cannot_continue_sends_all_of_it(tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:150_000])
    with mirror({NAME: CONTENT}, continues=False) as m:
        assert fetch(NAME, MD5, tmp_path, [m.address]).read_bytes() == CONTENT
        assert m.sent == len(CONTENT)


@pytest.mark.parametrize("part", [WRONG[:150_000], WRONG, WRONG + b"and more"], ids=["short", "full", "long"])
def test_a_bad_half_does_not_spoil_a_good_mirror(tmp_path, part):
    (tmp_path / f"{NAME}.part").write_bytes(part)
    with mirror({NAME: CONTENT}) as m:
        assert fetch(NAME, MD5, tmp_path, [m.address]).read_bytes() == CONTENT


def test_a_whole_part_needs_no_mirror(tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    assert fetch(NAME, MD5, tmp_path, [down()]).read_bytes() == CONTENT


def test_the_error_names_file_mirrors_reasons_and_ways_on(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSCOPE_DATA", "/some/folder")
    with mirror({}) as lost, mirror({NAME: WRONG}) as wrong, mirror({NAME: CONTENT}, breaks_after=65_536) as breaks:
        nobody = down()
        with silent() as mute, pytest.raises(DownloadFailed) as caught:
            fetch(NAME, MD5, tmp_path, [nobody, lost.address, wrong.address, mute, breaks.address], timeout=0.3)
    said = str(caught.value)
    lines = said.splitlines()
    assert lines[0].startswith(NAME)
    assert lines[1].startswith(f"  {nobody}{NAME} could not be reached")
    assert lines[2] == f"  {lost.address}{NAME} answered 404 Not Found"
    assert lines[3].startswith(f"  {wrong.address}{NAME} sent other bytes than expected")
    assert lines[4] == f"  {mute}{NAME} gave no answer within 0.3 s"
    assert lines[5].startswith(f"  {breaks.address}{NAME} broke off after 65,536")
    assert "set GANSCOPE_DATA" in said and "/some/folder" in said and "try again" in said
    assert beside(tmp_path) == {f"{NAME}.part"}


def test_wrong_bytes_are_not_kept(tmp_path):
    with mirror({NAME: WRONG}) as m, pytest.raises(DownloadFailed):
        fetch(NAME, MD5, tmp_path, [m.address])
    assert beside(tmp_path) == set()


FETCH = """
import sys
from pathlib import Path
from gancore.game.data.download import fetch
name, md5, folder, address = sys.argv[1:]
print(len(fetch(name, md5, Path(folder), [address]).read_bytes()))
"""


def start(folder: Path, address: str) -> subprocess.Popen:
    command = [sys.executable, "-c", FETCH, NAME, MD5, str(folder), address]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def test_processes_that_want_the_same_file_fetch_it_once(tmp_path):
    with mirror({NAME: CONTENT}, pause=0.04) as m:
        processes = [start(tmp_path, m.address) for _ in range(3)]
        assert [p.communicate(timeout=60)[0].strip() for p in processes] == ["400000"] * 3
        assert m.sent == len(CONTENT)
    assert (tmp_path / NAME).read_bytes() == CONTENT and beside(tmp_path) == {NAME}


def test_a_killed_process_leaves_its_half_and_no_lock(tmp_path):
    with mirror({NAME: CONTENT}, pause=0.05) as m:
        victim = start(tmp_path, m.address)
        part = tmp_path / f"{NAME}.part"
        deadline = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size > 50_000):
            assert time.monotonic() < deadline and victim.poll() is None
            time.sleep(0.02)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        kept = part.stat().st_size
    with mirror({NAME: CONTENT}) as m:
        assert fetch(NAME, MD5, tmp_path, [m.address]).read_bytes() == CONTENT
        assert m.sent == len(CONTENT) - kept


def test_waiting_for_another_can_be_stopped(tmp_path):
    started = threading.Event()
    with mirror({NAME: CONTENT}, pause=0.1) as m:
        args = (NAME, MD5, tmp_path, [m.address], lambda *_: started.set())
        other = threading.Thread(target=fetch, args=args)
        other.start()
        assert started.wait(10)

        def report(text, fraction):
            assert text == f"Waiting: another process is fetching {NAME}" and fraction is None
            raise Stop

        with pytest.raises(Stop):
            fetch(NAME, MD5, tmp_path, [m.address], report)
        other.join(30)
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_the_cache_lies_where_the_system_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "ganscope"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "ganscope"
