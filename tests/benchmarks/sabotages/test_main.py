import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evbalancer.life.story import read_tale

ROOT = Path(__file__).resolve().parents[3]
MEMORY = {"DEBUG": "1", "DATABASE_URL": "sqlite://:memory:", "REDIS_URL": "", "PYTHONHASHSEED": "0"}


def run(*arguments):
    environment = {**os.environ, **MEMORY, "DJANGO_SETTINGS_MODULE": "evbalancer.settings"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.drill
def test_sabotage_is_found_and_told_as_a_story_that_holds_without_it(tmp_path):
    told = run(
        "-m", "benchmarks.sabotages", "--only", "not measured", "--seeds", "1", "--stories", str(tmp_path)
    )
    assert re.search(r"is 0 A \| A1 \| limits \| 1 \|", told.stdout), told.stdout + told.stderr
    (path,) = tmp_path.iterdir()
    tale = read_tale(path)
    assert tale.found.split(" ")[3] == "limits:"
    assert {name for name in tale.plan.only if "charge point" in name} == {
        "W1: charge point 1",
        "W3: charge point 1",
    }
    assert [re.search(r"W[13]: a car", line) is not None for line in tale.timeline] == [True, True]
    honest = run("manage.py", "live_through", "--story", str(path))
    assert honest.returncode == 0, honest.stdout + honest.stderr
