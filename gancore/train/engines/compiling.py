"""The compiled kernels of this machine: built once in the background where there is a C++ compiler, and kept between starts.

Any thread may ask whether they are ready; nobody ever waits for them. Of several processes that want them one builds.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import torch

from gancore.game.data.download import cache_folder

SOURCES = tuple(Path(__file__).with_name(name) for name in ("stretches.cpp", "panels.h"))
COMPILERS = ("c++", "g++", "clang++")
EXACT = "-ffp-contract=off"  # no product fused into a sum
FLAGS = ("-std=c++20", "-O3", "-march=native", EXACT, "-shared", "-fPIC", "-w")
PATIENCE = 90.0  # seconds after which a build that another process began is taken for dead
ASK = 1.0  # seconds between two looks for what another process builds


class Kernels:
    """The library, on its way or loaded; `why` says in a few words why there will be none."""

    def __init__(self):
        self.loaded, self.why = False, ""
        self._build: threading.Thread | None = None
        self._next = 0.0
        self._lock = threading.Lock()

    def ready(self) -> bool:
        """Whether the kernels can be used now; the first who asks begins to make them."""
        if self.loaded or self.why:
            return self.loaded
        with self._lock:
            if not self.loaded and not self.why and time.monotonic() >= self._next:
                self._next = time.monotonic() + ASK
                self._go_on()
        return self.loaded

    def _go_on(self) -> None:
        path = library()
        if path.exists():
            self._load(path)
        elif not (self._build and self._build.is_alive()):
            compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
            if compiler is None:
                self.why = "no C++ compiler"
            else:
                self._build = threading.Thread(target=self._make, args=(compiler, path), daemon=True)
                self._build.start()

    def _load(self, path: Path) -> None:
        try:
            torch.ops.load_library(str(path))
            self.loaded = True
        except OSError:
            self.why = "the compiled kernels cannot be loaded here"

    def _make(self, compiler: str, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not begun(path.with_suffix(".lock")):
                return
            part = path.with_suffix(f".{os.getpid()}")
            run = subprocess.run(
                ["nice", compiler, *command(part)], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE
            )
            if run.returncode:
                self.why = "the C++ compiler refused"
            else:
                part.replace(path)
        except (OSError, subprocess.TimeoutExpired):
            self.why = "the C++ compiler could not be run"
        path.with_suffix(".lock").unlink(missing_ok=True)


def begun(lock: Path) -> bool:
    """Whether this process is the one to build: the first, or the first after one that died over it."""
    with suppress(FileNotFoundError):
        if time.time() - lock.stat().st_mtime > PATIENCE:
            lock.unlink()
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def command(out: Path) -> list[str]:
    """What the compiler is called with."""
    home = Path(torch.__file__).parent
    abi = f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}"
    return [
        *FLAGS,
        abi,
        str(SOURCES[0]),
        "-o",
        str(out),
        f"-I{home / 'include'}",
        f"-L{home / 'lib'}",
        "-ltorch_cpu",
        "-lc10",
    ]


def library() -> Path:
    """Where this machine's kernels are kept: another processor, PyTorch or source has another file."""
    sources = (source.read_bytes() for source in SOURCES)
    known = (*sources, repr(FLAGS).encode(), torch.__version__.encode(), processor().encode())
    return cache_folder() / "engine" / f"stretches-{hashlib.sha256(b'|'.join(known)).hexdigest()[:16]}.so"


def processor() -> str:
    """What this processor can do, as far as the system tells."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
    return f"{platform.machine()} {platform.processor()}"


kernels = Kernels()
