"""The app as a visitor meets it: a real server in a process of its own, and a real Chromium in front of it."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from gancore.train.engines.compiling import library

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium() -> str | None:
    """The browser's path, if this machine has one."""
    return shutil.which("chromium")


@contextlib.contextmanager
def serving(home: Path, *options: str, script: str = "streamlit_app.py", **environment: str):
    """A server on a free port, with its recordings and caches in `home`; kernels are built once for all servers."""
    for folder in (library().parent, home / "cache" / "ganscope"):
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (home / "cache" / "ganscope" / "engine").symlink_to(library().parent)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"GANSCOPE_RUNS": str(home / "runs"), "XDG_CACHE_HOME": str(home / "cache")} | environment
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", *options]
    with open(home / "server.log", "w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
    base = next((o.split("=")[1].strip("/") for o in options if o.startswith("--server.baseUrlPath")), "")
    server = Server(process, f"http://127.0.0.1:{port}" + (f"/{base}" if base else ""), home)
    try:
        server.wait()
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


class Server:
    """A running server: where it listens, its workers, its runs' numbers."""

    def __init__(self, process: subprocess.Popen, url: str, home: Path):
        self.process, self.url, self.home = process, url, home

    def wait(self, seconds: float = 240):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2).read()
                return
            time.sleep(0.1)
        raise RuntimeError("the server did not come up:\n" + (self.home / "server.log").read_text())

    def workers(self) -> list[int]:
        """Process ids of the workers, oldest first."""
        out = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout
        rows = [
            (int(pid), int(parent), args)
            for pid, parent, args in (line.split(None, 2) for line in out.splitlines()[1:])
        ]
        nurseries = [pid for pid, parent, args in rows if parent == self.process.pid and "run.nursery" in args]
        return [
            pid
            for pid, parent, args in rows
            if parent in nurseries or (parent == self.process.pid and "run.worker" in args)
        ]

    def scalars(self, run: str) -> list[dict[str, str]]:
        """Every recorded iteration of a run."""
        with urllib.request.urlopen(f"{self.url}/live/scalars/{run}.csv", timeout=30) as answer:
            return list(csv.DictReader(io.StringIO(answer.read().decode())))


# Connections to runs open once the page's `held` is taken away: as late as they like, where the machine is slow.
HOLD = """
    const Real = window.WebSocket;
    window.held = [];
    class Late {
        constructor(url) {
            const open = () => this.real = Object.assign(new Real(url), { binaryType: this.binaryType, onopen: this.onopen,
                onmessage: this.onmessage, onclose: this.onclose });
            held ? held.push(open) : setTimeout(open);
        }
        get readyState() { return this.real?.readyState ?? Real.CONNECTING; }
        send(message) { this.real.send(message); }
        close() { this.real?.close(); }
    }
    window.WebSocket = Object.assign(function (url, ...rest) {
        return String(url).includes("/live/ws/") ? new Late(url) : new Real(url, ...rest);
    }, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
"""
LET_GO = "held.forEach(open => open()), held = null"


class Visitor:
    """One browser tab."""

    def __init__(self, page, server: Server):
        self.page, self.server = page, server

    def visit(self, path: str = "/", panels: bool = True):
        self.page.goto(self.server.url + path if path.startswith("/") else path)
        if panels:
            self.page.wait_for_selector("[data-panel]:not([data-panel=health]) .main-svg", timeout=60_000)
        return self

    @property
    def run(self) -> str:
        """The run's id, as the page's download link has it."""
        href = self.page.get_attribute("a[href*='live/scalars/']", "href")
        return href.rsplit("/", 1)[1].removesuffix(".csv")

    @property
    def state(self) -> str:
        return self.page.get_attribute("[data-state]", "data-state")

    @property
    def iteration(self) -> int:
        return int(self.page.locator("[data-count=iteration]").inner_text().replace(",", "").replace("–", "0"))

    def shown(self) -> dict[str, int]:
        """The iteration each panel shows."""
        script = "all => Object.fromEntries(all.map(p => [p.dataset.panel, Number(p.dataset.iteration || -1)]))"
        return self.page.eval_on_selector_all("[data-panel]", script)

    def press(self, name: str):
        self.page.get_by_role("button", name=name, exact=True).click()

    def until(self, true, seconds: float = 60, why: str = ""):
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s in vain {why}")
            self.page.wait_for_timeout(40)

    def play(self, iterations: int = 30):
        self.press("Play")
        self.until(lambda: self.iteration >= iterations, why=f"for iteration {iterations}")
        return self

    def slide(self, label: str, keys: list[str]):
        """Moves a slider of the sidebar by keyboard, which is how it can be aimed."""
        handle = self.page.get_by_role("slider", name=label).first
        handle.focus()
        for key in keys:
            self.page.keyboard.press(key)
