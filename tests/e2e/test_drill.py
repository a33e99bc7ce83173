"""The short fault drills on the wire: a real server, real sockets, chargers with faults, and kills, outages and cuts."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from evbalancer.ops.drill import services
from evbalancer.ops.drill.blows import possible_blows
from evbalancer.ops.drill.play import Plan, play
from evbalancer.ops.drill.processes import Server
from tests.e2e.conftest import ROOT, database_url

pytestmark = pytest.mark.drill
KILLS = Plan(kills=3, outages=0, down_s=(0.0, 5.0), up_s=(4.0, 6.0), seed=5)
OUTAGE_S = 20


@pytest.mark.promise("E2")
@pytest.mark.promise("E1")
async def test_no_limit_is_broken_while_the_server_is_killed_and_limits_are_cut(
    transactional_db: None, tmp_path: Path
) -> None:
    environment = {
        "DJANGO_SETTINGS_MODULE": "evbalancer.settings",
        "EVB_DEMO": "1",
        "SECRET_KEY": settings.SECRET_KEY,
        "CHARGER_KEY_PEPPER": settings.CHARGER_KEY_PEPPER,
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "BALANCE_RUNNER": "inprocess",
    }
    report = await asyncio.wait_for(play(Server(tmp_path / "server.log", environment), KILLS), timeout=240)
    assert (report.broken, report.kills) == ([], 3), str(report)
    # Cars were charging all the same; how much depends on how fast this machine starts the server again.
    assert max(report.circuits[0].peak_ma) >= 6_000


def _held(*options: str) -> dict[str, Any]:
    """The report of a quick drill on services of its own."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "evbalancer.settings", "EVB_DEMO": "1"}
    drill = subprocess.run(
        [sys.executable, "manage.py", "drill", "--quick", "--own-services", "--json", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert drill.returncode == 0, drill.stdout + drill.stderr
    report: dict[str, Any] = json.loads(drill.stdout)
    return report


def _programs_are_missing() -> bool:
    try:
        services.require_programs()
    except services.Missing:
        return True
    return False


@pytest.mark.promise("E12")
@pytest.mark.promise("R6")
@pytest.mark.skipif(_programs_are_missing(), reason="PostgreSQL's or Redis's programs are not installed")
def test_all_is_well_again_after_workers_died_a_deploy_and_a_full_disk() -> None:
    """Each of them beside misbehaving charge points and cuts; a full disk where one may be made (as root)."""
    report = _held("--kills", "0", "--others")
    assert report["broken"] == []
    assert sorted(each["what"] for each in report["survived"]) == sorted(possible_blows())
    (away,) = [each for each in report["survived"] if each["what"] == "workers away"]
    assert away["balanced_meanwhile_s"] is not None
    assert report["messages"]["transactions_lost"] == 0


@pytest.mark.promise("E2")
@pytest.mark.promise("E12")
@pytest.mark.promise("R6")
@pytest.mark.skipif(_programs_are_missing(), reason="PostgreSQL's or Redis's programs are not installed")
def test_no_limit_is_broken_while_redis_and_postgresql_go_away() -> None:
    report = _held()
    assert report["broken"] == []
    # Long enough for every lease to lapse; then the cars had no more than their fallbacks.
    assert [(o["service"], o["down_s"] > OUTAGE_S) for o in report["outages"]] == [
        ("Redis", True),
        ("PostgreSQL", True),
    ]
    assert report["messages"]["transactions_lost"] == 0
