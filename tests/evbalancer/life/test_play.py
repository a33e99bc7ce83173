import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evbalancer.life.plan import Plan
from evbalancer.life.play import live
from evbalancer.life.sites import catalogue

pytestmark = pytest.mark.drill
ROOT = Path(__file__).resolve().parents[3]
SITES = sorted(catalogue.SITES)
COMMAND = ("live_through", "--seed", "4", "--hours", "0.2", "--faults", "hard")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("seed", "site", "faults"),
    [(1, "drill", "none"), (3, "drill", "hard")],
)
def test_life_holds(seed, site, faults):
    """Long enough that cars come, charge and leave."""
    report = live(Plan(seed=seed, hours=0.4, site=site, faults=faults))
    assert list(report.tell()) == []
    assert report.transactions >= 1


TEN = [(seed, SITES[seed % len(SITES)], ("none", "mild", "hard")[seed % 3]) for seed in range(1, 11)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seed", "site", "faults"), TEN)
def test_ten_lives_at_all_sites_hold(seed, site, faults):
    """Short, so that each change goes through all ten: six minutes, then ten in which all has to come to rest."""
    report = live(Plan(seed=seed, hours=0.1, site=site, faults=faults))
    assert list(report.tell()) == []


def test_same_seed_gives_the_same_database():
    environment = {**os.environ, "DEBUG": "1", "DATABASE_URL": "sqlite://:memory:", "REDIS_URL": ""}
    environment["DJANGO_SETTINGS_MODULE"] = "evbalancer.settings"
    lives = [
        subprocess.Popen(
            [sys.executable, "manage.py", *COMMAND],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [life.communicate(timeout=300) for life in lives]
    assert [life.returncode for life in lives] == [0, 0], told
    first, second = [re.search(r"(\d+) rows, .* digest (\w{16})", said)[0] for said, _ in told]
    assert int(first.split()[0]) > 500
    assert re.sub(r"\d+ x", "", first) == re.sub(r"\d+ x", "", second)
