"""The whole repository is formatted and linted as pyproject.toml says, and no test file hides another."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("arguments", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff_has_nothing_to_say(arguments):
    root = Path(__file__).parent.parent
    said = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--no-cache", str(root)], capture_output=True, text=True, cwd=root
    )
    assert said.returncode == 0, said.stdout + said.stderr


def test_no_two_test_files_have_one_name():
    """Pytest imports them by their names alone, and stops at the second."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
