"""Truths about starting the app: what a page's first visitor would wait for is made ahead, the pages one after the other."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
STARTED = """
import time
import streamlit_app
from dashboard.views import line, plane, stage
from gancore import presets

made = stage._made.cache_info

def there(page, panels):
    before = made().misses
    stage.panels_of(panels, presets.load(page).config)
    return made().misses == before

print("at once", made().currsize, there("line", line.PANELS))
time.sleep(2)  # in which the first page is drawn
print("then", made().currsize)
end = time.monotonic() + 30
while made().currsize < 2 and time.monotonic() < end:
    time.sleep(0.05)
print("later", made().currsize, there("plane", plane.PANELS))
"""


def test_the_first_page_is_warm_when_the_app_is_there_and_the_plane_a_little_later(tmp_path):
    env = os.environ | {"GANSCOPE_RUNS": str(tmp_path), "GANSCOPE_WORKERS": "1"}
    said = subprocess.run(
        [sys.executable, "-c", STARTED], capture_output=True, text=True, cwd=ROOT, env=env, timeout=240
    )
    assert said.stdout.splitlines() == ["at once 1 True", "then 1", "later 2 True"], said.stderr
