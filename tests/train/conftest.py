"""What tests of the game as it is played have in common."""

import time

import pytest
import torch

from gancore.train.engines import kept
from gancore.train.engines.compiling import kernels


@pytest.fixture(autouse=True)
def nobody_before():
    """No test finds the loops that another one has made."""
    kept.forget()
    yield
    kept.forget()


@pytest.fixture
def double():
    """Whatever is made in this test has 64 bits."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def built():
    """The compiled kernels are there."""
    end = time.monotonic() + 120
    while not kernels.ready() and not kernels.why and time.monotonic() < end:
        time.sleep(0.1)
    if kernels.why:
        pytest.skip(f"no compiled kernels: {kernels.why}")
    assert kernels.loaded
