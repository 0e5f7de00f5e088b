"""Ten thousand damaged and forged recordings: how many are refused, how many are sound, and that nothing else happens.

Run as a program. Each case is a number, so a case that fails can be made again: `damaged(whole, case, path)`.
"""

from __future__ import annotations

import collections
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.record.fuzzing import damaged, outcome, sound

KINDS = ("bytes", "head", "cut", "moved", "noise", "forged", "forged", "forged")


def main(cases: int = 10_000) -> None:
    folder = Path(tempfile.mkdtemp())
    whole = sound(folder / "sound.sqlite").read_bytes()
    counts, slowest, began = collections.Counter(), (0.0, 0), time.perf_counter()
    for case in range(cases):
        path = folder / "case.sqlite"
        damaged(whole, case, path)
        start = time.process_time()
        try:
            found = outcome(path)
        except BaseException as error:
            found = "FAILED"
            print(f"case {case} ({KINDS[case % 8]}): {type(error).__name__}: {error}", flush=True)
        slowest = max(slowest, (time.process_time() - start, case))
        counts[KINDS[case % 8], found] += 1
        for left in folder.glob("case.sqlite*"):
            left.unlink()
    print(f"{cases} cases of a recording of {len(whole):,} bytes")
    for (kind, found), n in sorted(counts.items()):
        print(f"{kind:8} {found:8} {n:6}")
    print(f"slowest case {slowest[0]:.2f} s of CPU (case {slowest[1]}), largest memory "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, {time.perf_counter() - began:.0f} s in all")  # fmt: skip
    left = sorted(path.name for path in folder.iterdir())
    print(f"files beside: {left}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
