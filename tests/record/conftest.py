"""What tests of a recording share: one that is open, in a folder that is made for it."""

import pytest

from gancore.record.recording import Recording
from tests.record.numbered import CONFIG, NAMES


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a folder" / "run?#1.ganscope"


@pytest.fixture
def recording(path):
    made = Recording.create(path, CONFIG, NAMES)
    yield made
    made.close()
