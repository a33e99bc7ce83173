"""The short fault drills on the wire: a real server, real sockets, chargers with faults, and kills, outages and cuts."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from evbalancer.ops.drill import services
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


def _programs_are_missing() -> bool:
    try:
        services.require_programs()
    except services.Missing:
        return True
    return False


@pytest.mark.promise("E2")
@pytest.mark.promise("E12")
@pytest.mark.promise("R6")
@pytest.mark.skipif(_programs_are_missing(), reason="PostgreSQL's or Redis's programs are not installed")
def test_no_limit_is_broken_while_redis_and_postgresql_go_away() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "evbalancer.settings", "EVB_DEMO": "1"}
    drill = subprocess.run(
        [sys.executable, "manage.py", "drill", "--quick", "--own-services", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert drill.returncode == 0, drill.stdout + drill.stderr
    report = json.loads(drill.stdout)
    assert report["broken"] == []
    # Long enough for every lease to lapse; then the cars had no more than their fallbacks.
    assert [(o["service"], o["down_s"] > OUTAGE_S) for o in report["outages"]] == [
        ("Redis", True),
        ("PostgreSQL", True),
    ]
    assert report["messages"]["transactions_lost"] == 0
