"""Truths about memory: what was freed goes back to the system, also what lies below something that is kept."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from gancore.run.memory import give_back, share

def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

share()
blocks = [b"x" * 60_000 for _ in range(2000)]
kept, full = blocks[-1], resident()
del blocks
freed = resident()
give_back()
print(full, freed, resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="told by /proc, done by glibc")
def test_what_was_freed_below_what_is_kept_goes_back():
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    full, freed, given_back = map(float, told.split())
    assert freed > full - 30  # else the system had it back already, and nothing is tried here
    assert given_back < full - 100
