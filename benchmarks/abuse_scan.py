"""How long the abuse scan takes over 10,000 sessions of two days, with 1,000 drivers and 2,000 slots.

DATABASE_URL=postgres://... python benchmarks/abuse_scan.py     # a migrated database; nothing is left in it
"""

# ruff: noqa: E402 (Django is set up before its models are imported)
import random
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
import django
import own_database

django.setup()
own_database.migrate()

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chargers.enums import SessionState
from chargers.models import Connector, Session
from drivers.models import Driver
from evbalancer.demo.seed import seed
from grid.models import Cluster
from scheduling.domain.conduct.abuse import scan_communities
from scheduling.enums import SlotState
from scheduling.models import SlotRequest

DRIVERS, SESSIONS, SLOTS = 1_000, 10_000, 2_000


def fill(cluster: Cluster, *, now: datetime) -> None:
    community, rng = cluster.community, random.Random(7)
    drivers = Driver.objects.bulk_create(
        Driver(community=community, name=f"Driver {n}") for n in range(DRIVERS)
    )
    connectors = list(Connector.objects.filter(community=community))
    sessions = []
    for n in range(SESSIONS):
        begin = now - timedelta(minutes=rng.randrange(300, 2_880))
        stop = begin + timedelta(hours=3)
        sessions.append(
            Session(
                community=community, connector=rng.choice(connectors), driver=drivers[n % DRIVERS],
                state=SessionState.ENDED, state_since=stop, plugged_at=begin, started_at=begin, stopped_at=stop,
                unplugged_at=stop + timedelta(minutes=rng.randrange(120)), id_tag=f"TAG{n % DRIVERS}",
                energy_wh=rng.randrange(1_000, 40_000),
            )
        )  # fmt: skip
    Session.objects.bulk_create(sessions, batch_size=5_000)
    slots = []
    for _ in range(SLOTS):
        begin = now - timedelta(minutes=rng.randrange(2_880))
        slots.append(
            SlotRequest(
                community=community, cluster=cluster, driver=rng.choice(drivers), energy_wh=10_000, not_before=begin,
                ready_by=begin + timedelta(hours=8), created_at=begin, state_since=begin + timedelta(hours=1),
                state=rng.choice([SlotState.QUEUED, SlotState.LAPSED, SlotState.CANCELLED]),
            )
        )  # fmt: skip
    SlotRequest.objects.bulk_create(slots)


def main() -> None:
    settings.DEBUG = False
    now = timezone.now()
    with transaction.atomic():
        fill(seed(now=now), now=now)
        for words in ("first", "again"):
            busy, started = time.process_time(), time.perf_counter()
            found = scan_communities(now=now)
            took = time.perf_counter() - started
            print(f"{words}: {took:.2f} s (own CPU {time.process_time() - busy:.2f} s), {found} new findings")
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
