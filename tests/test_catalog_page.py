"""The catalog page tells what the code declares today."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / ".github" / "catalog.md"


def test_the_page_is_what_the_command_prints():
    """In a process of its own, where no test has put a network on the catalog."""
    command = [sys.executable, "-m", "gancore", "list", "--markdown"]
    environment = os.environ | {"PYTHONUTF8": "1"}
    printed = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, check=True, encoding="utf-8"
    ).stdout
    anew = "the catalogs have changed; make the page anew: python -m gancore list --markdown > .github/catalog.md"
    assert PAGE.read_text(encoding="utf-8") == printed, anew


def test_the_readme_leads_to_it():
    assert "](.github/catalog.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
