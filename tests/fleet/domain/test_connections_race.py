"""Twenty refreshers in threads of several processes: one POST, and all of them go on with the new pair (C2)."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection as database

from evbalancer.common.security.encryption import decrypt, encrypt
from fleet.enums import ConnectionState
from fleet.models import SmartcarConnection
from tests.factories.drivers import DriverFactory

ROOT = Path(__file__).resolve().parents[3]
PROCESSES, THREADS = 4, 5
REFRESHER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, UTC
import django
django.setup()
from django.db import connection
from fleet.domain import connections
from fleet.smartcar.choice import gateway

def refresh(_):
    try:
        return connections.get_access(sys.argv[1], gateway(), now=datetime.now(UTC)).token
    finally:
        connection.close()

print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(int(sys.argv[2])) as pool:
    print(json.dumps(list(pool.map(refresh, range(int(sys.argv[2]))))), flush=True)
"""


def database_url():
    chosen = database.settings_dict
    if database.vendor == "sqlite":
        return f"sqlite:///{chosen['NAME']}"
    user = f"{chosen['USER']}:{chosen['PASSWORD']}" if chosen["PASSWORD"] else chosen["USER"]
    return f"postgres://{user}@{chosen['HOST'] or '127.0.0.1'}:{chosen['PORT'] or 5432}/{chosen['NAME']}"


@pytest.mark.promise("C2")
@pytest.mark.django_db(transaction=True)
def test_twenty_refreshers_in_four_processes_make_one_request(smartcar):
    now = datetime.now(UTC)
    driver = DriverFactory()
    smartcar.refreshes["refresh-anna-0"] = "anna"
    row = SmartcarConnection.objects.create(
        community=driver.community,
        driver=driver,
        smartcar_user_id="anna",
        state=ConnectionState.CONNECTED,
        state_since=now,
        access_token_encrypted=encrypt("access-anna-0"),
        access_expires_at=now - timedelta(minutes=1),
        refresh_token_encrypted=encrypt("refresh-anna-0"),
    )
    environment = {
        **os.environ,
        **smartcar.environment,
        "DJANGO_SETTINGS_MODULE": "evbalancer.settings",
        "EVB_DEMO": "1",
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        "DATABASE_URL": database_url(),
    }
    refreshers = [
        subprocess.Popen(
            [sys.executable, "-c", REFRESHER, str(row.pk), str(THREADS)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        assert [process.stdout.readline().strip() for process in refreshers] == ["ready"] * PROCESSES
        for process in refreshers:
            process.stdin.write("go\n")
            process.stdin.flush()
        tokens = [token for process in refreshers for token in json.loads(process.stdout.readline())]
    finally:
        for process in refreshers:
            process.kill()
            process.communicate()
    row.refresh_from_db()
    assert len(smartcar.posts_to("/oauth/token")) == 1
    assert tokens == [decrypt(row.access_token_encrypted)] * PROCESSES * THREADS
