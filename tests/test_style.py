"""The whole repository is formatted and linted as pyproject.toml says."""

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
