"""Games with formulas are held against them in double precision."""

import pytest
import torch


@pytest.fixture
def double():
    """Whatever is made in this test has 64 bits."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
