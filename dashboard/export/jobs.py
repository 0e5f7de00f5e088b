"""Exports that a visitor asked for: each in a process of its own, so that neither the page nor training waits for it.

Everything here runs on the server's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from gancore.catalog import BadKnob

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
MOST = 20  # that wait or are worked on
KEPT = 900.0  # seconds for which a file lies ready
ENDINGS = (".html", ".parquet", ".tfevents", ".gif", ".mp4", ".py")  # .csv is streamed as it is read


@dataclass
class Job:
    """One export: `state` is waiting, working, ready, failed or stopped."""

    name: str  # of the file, as it is saved
    arguments: list[str]
    path: Path
    state: str = "waiting"
    told: dict = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    task: asyncio.Task | None = None

    def status(self) -> dict:
        return {"state": self.state, "name": self.name, **self.told}


class Jobs:
    """By an id that only who asked is told."""

    def __init__(self):
        self.jobs: dict[str, Job] = {}
        self._room = tempfile.TemporaryDirectory(prefix="ganscope-exports-", ignore_cleanup_errors=True)
        self._turn = asyncio.Semaphore(AT_ONCE)

    def start(self, recording: Path, ending: str, panel: str = "", theme: str = "light") -> str:
        """Raises `BadKnob` for what cannot be had, or where too many wait."""
        if ending not in ENDINGS:
            raise BadKnob(f"to = {json.dumps(ending)} is unknown: give one of {', '.join(ENDINGS)}")
        if sum(job.state in ("waiting", "working") for job in self.jobs.values()) >= MOST:
            raise BadKnob(f"{MOST} exports are being made already: try again in a minute")
        secret = secrets.token_urlsafe(16)
        stem = "-".join(filter(None, (recording.stem.lstrip("-_") or "run", panel)))
        path = Path(self._room.name) / f"{secret}{ending}"
        chart = [f"--panel={panel}"] * bool(panel)
        arguments = ["export", "--json", f"--to={path}", f"--theme={theme}", *chart, "--", str(recording)]
        job = self.jobs[secret] = Job(f"{stem}{ending}", arguments, path)
        job.task = asyncio.create_task(self._make(secret, job))
        return secret

    async def stop(self, job: Job) -> None:
        if job.state == "waiting":
            job.task.cancel()
        job.state = "stopped"
        if job.process and job.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                job.process.send_signal(signal.SIGINT)  # so that it closes its browser
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(job.process.wait(), 10)
                    return
                job.process.kill()

    async def _make(self, secret: str, job: Job) -> None:
        try:
            async with self._turn:
                if job.state == "waiting":
                    await self._work(job)
        finally:
            asyncio.get_running_loop().call_later(KEPT, self._forget, secret)

    async def _work(self, job: Job) -> None:
        pipe, nice = asyncio.subprocess.PIPE, ["nice", "-n", "10"] * (sys.platform != "win32")
        command = [*nice, sys.executable, "-m", "gancore", *job.arguments]
        job.state = "working"
        job.process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
        wrong = asyncio.create_task(job.process.stderr.read())
        async for line in job.process.stdout:
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                job.told |= {name: said[name] for name in ("done", "of", "what", "bytes") if name in said}
        code = await job.process.wait()
        said = (await wrong).decode(errors="replace").strip()
        if job.state == "working":
            job.state = "ready" if code == 0 and job.path.exists() else "failed"
        if job.state == "failed":
            job.told["why"] = said.splitlines()[-1][:500] if said else f"the export ended with exit code {code}"

    def _forget(self, secret: str) -> None:
        if job := self.jobs.pop(secret, None):
            job.path.unlink(missing_ok=True)
