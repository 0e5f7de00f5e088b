"""One server and one browser for all browser tests; a new tab for each."""

import os

import pytest

from tests.e2e.app import FLAGS, Visitor, chromium, serving


@pytest.fixture(scope="session")
def browser():
    if chromium() is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine: CI must have one, see .ci/run")
        pytest.skip("no Chromium on this machine: install Debian's package chromium to run the browser tests")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def server(browser, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture
def visitor(browser, server):
    """Opens tabs: `visitor()` is a new person, with a browser profile of their own."""
    opened = []

    def arrive(**options) -> Visitor:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, **options)
        context.set_default_timeout(120_000)  # a busy machine is slow, and no test is about that
        opened.append(context)
        return Visitor(context.new_page(), server)

    yield arrive
    for context in opened:
        context.close()
