"""How fast drivers are answered: 1,000 drivers, 10,000 vehicles, 100,000 past sessions, one process.

    DATABASE_URL=postgres://... python benchmarks/drivers_api.py     # fills an empty, migrated database; then measures

Requests go through the whole stack but the socket. Figures are milliseconds; on a busy machine look at the CPU's.
"""

# ruff: noqa: E402 (Django is set up before its models are imported)
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
import django
import own_database

django.setup()
own_database.migrate()

from django.conf import settings
from django.db import connection, reset_queries
from django.utils import timezone
from rest_framework.test import APIClient

from chargers.enums import SessionState
from chargers.models import ChargePoint, Connector, Session
from drivers.enums import Role
from drivers.models import Driver, Membership, User
from evbalancer.common.collector import calm_collector
from evbalancer.demo.seed import seed
from fleet.models import Vehicle
from grid.models import Cluster
from pricing.models import BillLine
from scheduling.models import FairnessEntry, SlotRequest

DRIVERS, VEHICLES, SESSIONS, ROUNDS = 1_000, 10_000, 100_000, 200
READS = (
    "/drivers/charging/status",
    "/drivers/slot",
    "/drivers/sessions",
    "/fleet/vehicles",
    "/grid/cluster",
    "/chargers/connectors",
    "/pricing/bills",
    "/drivers/notifications",
    "/analytics/fairness",
)


def fill(cluster: Cluster) -> None:
    community, now, rng = cluster.community, timezone.now(), random.Random(7)
    users = User.objects.bulk_create(User(username=f"bench-{n}", password="!") for n in range(DRIVERS))
    Membership.objects.bulk_create(
        Membership(community=community, user=user, role=Role.DRIVER) for user in users
    )
    drivers = Driver.objects.bulk_create(
        Driver(community=community, user=user, name=f"Driver {n}") for n, user in enumerate(users)
    )
    Vehicle.objects.bulk_create(
        Vehicle(community=community, driver=drivers[n % DRIVERS], name=f"Car {n}", battery_wh=60_000)
        for n in range(VEHICLES)
    )
    connectors = list(Connector.objects.filter(community=community))
    sessions = []
    for n in range(SESSIONS):
        plugged_at = now - timedelta(minutes=rng.randrange(60, 365 * 1440))
        sessions.append(
            Session(
                community=community,
                connector=rng.choice(connectors),
                driver=drivers[n % DRIVERS],
                state=SessionState.ENDED,
                state_since=plugged_at,
                plugged_at=plugged_at,
                started_at=plugged_at,
                stopped_at=plugged_at + timedelta(hours=3),
                energy_wh=rng.randrange(1_000, 40_000),
            )
        )
    sessions.sort(key=lambda row: row.stopped_at)  # a ledger grows in the order of time
    Session.objects.bulk_create(sessions, batch_size=5_000)
    BillLine.objects.bulk_create(
        (
            BillLine(
                community=community, session=row, driver_id=row.driver_id, amount_minor=300, currency="EUR",
                energy_wh=row.energy_wh, started_at=row.started_at, ended_at=row.stopped_at,
            )
            for row in sessions
        ),
        batch_size=5_000,
    )  # fmt: skip
    FairnessEntry.objects.bulk_create(
        (
            FairnessEntry(
                community=community, cluster=cluster, driver_id=row.driver_id, session=row, at=row.stopped_at,
                wanted_wh=30_000, received_wh=row.energy_wh,
            )
            for row in sessions
        ),
        batch_size=5_000,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


# One for all requests, as a server loads its middleware once.
CLIENT = APIClient(SERVER_NAME="127.0.0.1")


def client_of(driver: Driver) -> APIClient:
    CLIENT.force_authenticate(driver.user)
    return CLIENT


def timed(call: Callable[[], Any], count: int) -> str:
    took, busy = [], []
    for _ in range(count):
        started, was_busy = time.perf_counter(), time.process_time()
        response = call()
        took.append((time.perf_counter() - started) * 1000)
        busy.append((time.process_time() - was_busy) * 1000)
        assert response.status_code < 300, response.content
        reset_queries()
    return f"{spread(took)}   own CPU {spread(busy)}"


def spread(values: list[float]) -> str:
    return f"p50 {statistics.median(values):6.1f}   p99 {sorted(values)[int(len(values) * 0.99) - 1]:6.1f}"


def warm() -> None:
    """Have the database read its tables once: a server that runs for a day has them in memory."""
    with connection.cursor() as cursor:
        for model in (Session, BillLine, FairnessEntry, Vehicle):
            table = model._meta.db_table  # noqa: SLF001 (Django's documented Meta API)
            cursor.execute(f"SELECT count(t) FROM {table} AS t")


def main() -> None:
    settings.DEBUG = False
    settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(("slot", "token", "emergency"))
    cluster = seed(now=timezone.now())
    if Session.objects.count() < SESSIONS:
        fill(cluster)
    drivers = list(
        Driver.objects.filter(community=cluster.community, user__username__startswith="bench").select_related(
            "user"
        )
    )
    rng = random.Random(11)
    print(
        f"{connection.vendor}: {len(drivers)} drivers, {Vehicle.objects.count()} vehicles, {Session.objects.count()} sessions"
    )
    warm()
    calm_collector()  # as the server does at its start
    timed(lambda: client_of(drivers[0]).get(READS[0]), 3)
    for path in READS:
        print(f"  GET {path:28} {timed(lambda path=path: client_of(rng.choice(drivers)).get(path), ROUNDS)}")
    SlotRequest.objects.filter(driver__in=drivers).delete()

    def ask() -> Any:
        body = {
            "energy_wh": rng.randrange(2_000, 20_000),
            "ready_by": (timezone.now() + timedelta(minutes=rng.randrange(240, 900))).isoformat(),
        }
        return client_of(drivers.pop()).post("/drivers/slot/request", body, format="json")

    for batch in range(1, 5):
        took = timed(ask, 50)
        states = SlotRequest.objects.filter(cluster=cluster).values_list("state", flat=True)
        print(
            f"  POST /drivers/slot/request, {batch * 50} open   {took}   promised {sum(s == 'promised' for s in states)}"
        )
    print(f"  {ChargePoint.objects.filter(cluster=cluster).count()} charge points")


if __name__ == "__main__":
    main()
