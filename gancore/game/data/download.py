"""Fetches a file of known checksum from the first mirror that serves it whole.

May be called from any thread of any process: a lock beside the file lets one work while the others wait for its result.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

CHUNK = 1 << 14  # bytes between two reports: small, so that a slow line can still be stopped at once
TIMEOUT = 20.0  # seconds of silence after which a mirror counts as down

Report = Callable[[str, float | None], None]


class DownloadFailed(RuntimeError):
    """No mirror could serve the file. The message gives every mirror's reason and the two ways on."""


class MirrorFailed(RuntimeError):
    """Why one mirror could not serve the file, in words that follow its address."""


def cache_folder() -> Path:
    """Where fetched and computed files are kept between runs: `$XDG_CACHE_HOME/ganscope` or `~/.cache/ganscope`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ganscope"


def quiet(text: str, fraction: float | None) -> None:
    """The report that nobody hears."""


def fetch(
    name: str, md5: str, folder: Path, mirrors: Sequence[str], report: Report = quiet, timeout: float = TIMEOUT
) -> Path:
    """The path `folder/name`, fetched from `mirrors` (addresses that end in /) unless it is there with this checksum.

    `report(text, fraction)` is called for every chunk; what it raises stops the download. Whatever stops it, the bytes
    that came stay in `name.part`, from which the next call goes on, at any mirror. Raises `DownloadFailed`.
    """
    target = folder / name
    if _fits(target, md5):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(target, report):
        if not _fits(target, md5):  # somebody else may have finished it while we waited
            part = folder / f"{name}.part"
            if not _fits(part, md5):
                _from_first(mirrors, part, name, md5, report, timeout)
            os.replace(part, target)
    return target


def _from_first(mirrors: Sequence[str], part: Path, name: str, md5: str, report: Report, timeout: float) -> None:
    reasons = []
    for mirror in mirrors:
        try:
            return _from(mirror + name, part, md5, report, timeout)
        except MirrorFailed as problem:
            reasons.append(f"  {mirror}{name} {problem}")
    folder = os.environ.get("GANSCOPE_DATA")
    now = f" (it is {folder} now, where the file was not found)" if folder else ""
    raise DownloadFailed(
        f"{name} could not be fetched:\n" + "\n".join(reasons) + "\n"
        f"Put the file into a folder and set GANSCOPE_DATA to that folder{now}, or try again: what came so far is kept."
    )


def _from(url: str, part: Path, md5: str, report: Report, timeout: float) -> None:
    resumed = part.exists() and part.stat().st_size > 0
    _pull(url, part, report, timeout)
    if _fits(part, md5):
        return
    part.unlink()
    if resumed:  # the half that was kept may have been the bad one: give the mirror a clean start
        return _from(url, part, md5, report, timeout)
    raise MirrorFailed(f"sent other bytes than expected (md5 is not {md5}); they were thrown away")


def _pull(url: str, part: Path, report: Report, timeout: float) -> None:
    """Appends to `part` what is missing, or starts it anew where the mirror cannot continue a file."""
    import requests  # here because it takes 0.1 s to import and most sessions fetch nothing

    size = part.stat().st_size if part.exists() else 0
    # identity: a mirror must not pack the file once more, or positions would count other bytes than ours
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={size}-"} if size else {})
    came = 0
    try:
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as reply:
            if reply.status_code == 416:  # nothing lies beyond what we have: the checksum decides
                return
            size = _start(reply, size)
            length = reply.headers.get("Content-Length", "")
            total = size + int(length) if length.isdigit() else None
            with open(part, "ab" if size else "wb") as file:
                for chunk in reply.iter_content(CHUNK):
                    file.write(chunk)
                    came += len(chunk)
                    report(*_progress(part.stem, size + came, total))
    except requests.RequestException as problem:
        raise MirrorFailed(_reason(problem, size + came if came else 0, timeout)) from None
    if total is not None and size + came < total:
        raise MirrorFailed(f"broke off after {size + came:,} of {total:,} bytes")


def _start(reply, size: int) -> int:
    """The position of the reply's first byte: `size` if the mirror continues the file, 0 if it sends all of it."""
    if reply.status_code == 200:
        return 0
    if reply.status_code == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {size}-"):
        return size
    raise MirrorFailed(f"answered {reply.status_code} {reply.reason}")


def _progress(name: str, done: int, total: int | None) -> tuple[str, float | None]:
    if total is None:
        return f"Fetching {name}: {done / 1e6:.1f} MB", None
    return f"Fetching {name}: {done / 1e6:.1f} of {total / 1e6:.1f} MB", done / max(total, 1)


def _reason(problem: Exception, done: int, timeout: float) -> str:
    import requests

    if done:
        return f"broke off after {done:,} bytes"
    if isinstance(problem, requests.Timeout):
        return f"gave no answer within {timeout:g} s"
    if isinstance(problem, requests.exceptions.SSLError):
        return "showed a certificate that could not be verified"
    return f"could not be reached ({type(problem).__name__})"


def _fits(path: Path, md5: str) -> bool:
    if not path.exists():
        return False
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5


@contextmanager
def _alone(target: Path, report: Report) -> Iterator[None]:
    """Holds the lock of `target`, which the system frees even if this process is killed. Waiting can be stopped."""
    lock = FileLock(f"{target}.lock")
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0.2)
        except Timeout:
            report(f"Waiting: another process is fetching {target.name}", None)
    try:
        yield
    finally:
        lock.release()
