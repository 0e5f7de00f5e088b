"""A game is played, trained, observed, reproduced, recorded, run, shown: imports only look back along that sentence."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SENTENCE = ["game", "train", "observe", "reproduce", "record", "run"]
FILES = sorted([*(ROOT / "gancore").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")])
PAGE_ONLY = {"streamlit", "plotly", "starlette", "dashboard"}


def before(*parts: str, plus: tuple[str, ...] = ()) -> set[str]:
    return {"catalog", "once", "seeds", *parts, *plus}


# What each part of gancore may import of gancore.
MAY = {
    "catalog": set(),
    "seeds": {"catalog"},
    "once": set(),
    "config": before("game", "train"),
    "presets": before("config"),
    **{part: before(*SENTENCE[: i + 1], plus=("config",) * (part != "game")) for i, part in enumerate(SENTENCE)},
    "cli": before("config", "presets", "game", "train", "observe", "reproduce", "record", "run", "cli"),
    "__main__": before("cli", "game", "record", "train"),
    "": {"run"},
}


def imported(path: Path) -> set[str]:
    """The full names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are written in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(path: Path) -> str:
    inside = path.relative_to(ROOT / "gancore").with_suffix("").parts
    return "" if inside == ("__init__",) else inside[0]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [f for f in FILES if "gancore" in f.relative_to(ROOT).parts], ids=named)
def test_imports_only_look_back(path):
    parts = {name.split(".")[1] for name in imported(path) if name.startswith("gancore.")}
    assert parts <= MAY[part(path)], f"{named(path)} looks ahead"
    assert not {name.split(".")[0] for name in imported(path)} & PAGE_ONLY


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_opens_with_one_sentence(path):
    source = path.read_text(encoding="utf-8")
    assert not source.strip() or ast.get_docstring(ast.parse(source))


def test_workers_and_pages_do_without_scikit_learn():
    """Importing it takes two seconds and 140 MB, in each worker."""
    others = [f for f in FILES if "reproduce" not in f.parts]
    assert not [named(f) for f in others if "sklearn" in {name.split(".")[0] for name in imported(f)}]


def test_the_dashboard_is_asked_for_by_name_in_one_place_alone():
    """Pictures of a recording are drawn by the dashboard's panels. Whoever asks for none needs neither it nor what it stands on."""
    ours = [f for f in FILES if "gancore" in f.relative_to(ROOT).parts]
    asking = [named(f) for f in ours if '"dashboard.' in f.read_text(encoding="utf-8")]
    assert asking == ["gancore/cli/exporting.py"]
    said = f"import sys, gancore.__main__; print({PAGE_ONLY} & sys.modules.keys() or 'none')"
    told = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert told.strip() == "none"


def test_nothing_is_unpickled():
    for path in FILES:
        assert not {"pickle", "dill", "joblib", "shelve", "torch.load"} & imported(path), named(path)
        assert "torch.load(" not in path.read_text(encoding="utf-8").replace("safetensors.torch.load(", ""), named(path)
