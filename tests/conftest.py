"""Every test plays on one thread, as the workers do: results are promised bit for bit per thread count, and it is faster."""

from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)

# Several real processes and a clock: on a starved machine one of them may come too late. Such a test is played once more
# and told as a rerun; what fails twice fails. Everywhere else a test fails at once.
CLOCKED = ("e2e", "run", "dashboard", "test_doctor.py", "test_server.py", "test_start.py")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).parts[0] in CLOCKED:
            item.add_marker(pytest.mark.flaky(reruns=1))
