"""What the Parzen window says of things that are no generator: real digits, memorised ones, and cluster centres.

Run as a program for the table. Real digits have to reach 243.6 within 3 nats, 2,000 centres 305.5: then the protocol is
that of Goodfellow et al. 2014. Needs MNIST (see GANSCOPE_DATA).
"""

from __future__ import annotations

import os
import time
from datetime import date

import torch

from gancore.observe.metrics.classifier import digits
from gancore.observe.metrics.parzen import parzen
from gancore.reproduce.goodfellow import KNOWN, centres, real_digits

SEEDS = range(3)
ASKED = {"10,000 real training digits": 243.6, "2,000 cluster centres": 305.5}
MADE = {
    "10,000 real training digits": real_digits,
    "1,000 real training digits": lambda seed: real_digits(seed, 1_000),
    "100 memorised digits, each 100 times": lambda seed: real_digits(seed, 100).repeat(100, 1),
    "2,000 cluster centres": centres,
}


def main() -> None:
    torch.set_num_threads(1)
    validation, test = digits("train")[0][KNOWN:], digits("t10k")[0]
    print(f"python -m tests.benchmarks.parzen_controls, {date.today().isoformat()}, {os.cpu_count()} cores, one thread")
    print(f"{'what':38}{'seed':>5}{'sigma':>8}{'nats':>8}{'s.e.':>6}{'seconds':>9}{'asked':>14}")
    for name, make in MADE.items():
        for seed in SEEDS:
            start = time.perf_counter()
            found = parzen(make(seed), validation, test)
            spent = time.perf_counter() - start
            goal = ASKED.get(name)
            near = "" if goal is None else f"{goal} {'met' if abs(found.nats - goal) <= 3 else 'missed'}"
            print(
                f"{name:38}{seed:5}{found.sigma:8.4f}{found.nats:8.1f}{found.error:6.1f}{spent:9.1f}{near:>14}",
                flush=True,
            )


if __name__ == "__main__":
    main()
