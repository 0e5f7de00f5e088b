"""What tests of running stand on: one hub with one worker, for starting processes is what takes time, or a worker in this process."""

import pytest

from gancore.run.hub import Hub
from tests.run.hosting import Hosting
from tests.run.tiny import TINY, until


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANSCOPE_RUNS", str(tmp_path_factory.mktemp("runs")))
        made = Hub(workers=1, rest=60.0)  # so that a test on a busy machine is not taken for an empty chair
    yield made
    made.close()


@pytest.fixture
def start(hub):
    """Opens a run and waits until it can move; all runs of a test leave the hub after it."""
    opened = []

    def opening(config=TINY, pace=None, changes=None):
        run = hub.open(config, pace, changes)
        opened.append(run)
        until(lambda: not run.loading)
        return run

    yield opening
    for run in opened:
        hub.forget(run)


@pytest.fixture
def hosting(tmp_path):
    made = Hosting(tmp_path)
    yield made
    made.inbox.put(None)
    made.worker.serve()
