"""The short fault drill on the wire: a real server killed with -9 and restarted, real sockets, chargers with faults."""

import asyncio
from pathlib import Path

import pytest
from django.conf import settings

from evbalancer.ops import drill
from tests.e2e.conftest import database_url


@pytest.mark.promise("E2")
@pytest.mark.promise("E1")
async def test_no_limit_is_broken_while_the_server_is_killed_again_and_again(
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
    server = drill.ServerProcess(log=tmp_path / "server.log", environment=environment)
    plan = drill.Plan(kills=3, down_s=(0.0, 6.0), up_s=(4.0, 7.0), seed=5)
    report = await asyncio.wait_for(drill.play(server, plan), timeout=170)
    assert not report.is_broken, str(report)
    assert report.kills == 3
    # Cars were charging all the same; how much depends on how fast this machine starts the server again.
    assert max(report.circuits[0].peak_ma) >= 12_000
