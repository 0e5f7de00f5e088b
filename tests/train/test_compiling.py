"""Kernels are built once, in the background; where that fails the page says why and training goes on."""

import os
import subprocess
import sys
import time

import pytest

from gancore.config import Config
from gancore.train.engines import compiled, compiling
from gancore.train.engines.compiling import Kernels, begun, library
from gancore.train.trainer import Trainer
from tests.train.small import SMALL, without_waiting

PLAY = """
import time
from gancore.train.engines.compiling import kernels
end, asked = time.monotonic() + 120, 0
while not kernels.ready() and not kernels.why and time.monotonic() < end:
    asked += 1
    time.sleep(0.05)
print(kernels.loaded, asked > 0, kernels.why)
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(compiling, "ASK", 0)
    return tmp_path


def settled(kernels: Kernels) -> Kernels:
    end = time.monotonic() + 60
    while not kernels.ready() and not kernels.why and time.monotonic() < end:
        time.sleep(0.01)
    return kernels


def test_they_are_built_once_and_kept(cache):
    if not any(map(compiling.shutil.which, compiling.COMPILERS)):
        pytest.skip("there is no C++ compiler here")
    said = [subprocess.run([sys.executable, "-c", PLAY], capture_output=True, text=True).stdout for _ in range(2)]
    assert said == ["True True \n", "True False \n"]
    assert [path.suffix for path in library().parent.iterdir()] == [".so"]


def test_without_a_compiler_the_page_says_so_and_loops_play(cache, monkeypatch):
    monkeypatch.setenv("PATH", "")
    without_waiting(monkeypatch)
    monkeypatch.setattr(compiled, "kernels", Kernels())
    trainer = Trainer(Config.from_flat(SMALL))
    trainer.advance(5)
    assert trainer.engine.told == "looped: no C++ compiler"


@pytest.mark.parametrize(
    "said, why", [("exit 1", "the C++ compiler refused"), ("sleep 9", "the C++ compiler could not be run")]
)
def test_a_compiler_that_fails_is_told_once(cache, monkeypatch, said, why):
    fake = cache / "bin" / "c++"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n{said}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(compiling, "PATIENCE", 0.5)
    assert settled(Kernels()).why == why
    assert not library().exists() and not library().with_suffix(".lock").exists()


def test_what_cannot_be_loaded_is_told(cache):
    library().parent.mkdir(parents=True)
    library().write_text("no library")
    assert settled(Kernels()).why == "the compiled kernels cannot be loaded here"


def test_one_process_builds_and_one_that_died_over_it_is_followed(cache, monkeypatch):
    lock = cache / "a.lock"
    assert begun(lock) and not begun(lock)
    os.utime(lock, (0, 0))
    assert begun(lock) and not begun(lock)
