"""How long a month of statements takes for 1,000 drivers with 15 sessions each: drafted, reviewed, issued, and printed as PDF.

DATABASE_URL=postgres://... python benchmarks/statements.py     # a migrated database; nothing is left in it
"""

# ruff: noqa: E402 (Django is set up before its models are imported)
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
import django
import own_database

django.setup()
own_database.migrate()

from django.db import transaction

from chargers.enums import SessionState
from chargers.models import Connector, Session
from drivers.models import Driver
from evbalancer.demo.seed import seed
from grid.domain.audit import SYSTEM
from grid.models import Community
from pricing.domain.papers.pdf import print_statement
from pricing.domain.statements.months import draft_month, issue_month, review_month
from pricing.models import BillingDetails, BillLine, TaxRate

DRIVERS, SESSIONS = 1_000, 15
BEGIN = datetime(2026, 10, 1, 6, tzinfo=UTC)
NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


def fill(community: Community) -> None:
    BillingDetails.objects.update_or_create(
        community=community, defaults={"name": "Maple Court e.V.", "iban": "DE02120300000000202051"}
    )
    TaxRate.objects.create(community=community, valid_from=date(2026, 1, 1), rate_bp=1900)
    drivers = Driver.objects.bulk_create(
        Driver(community=community, name=f"Driver {n:04}") for n in range(DRIVERS)
    )
    connectors = list(Connector.objects.filter(community=community))
    sessions, lines = [], []
    for n in range(DRIVERS * SESSIONS):
        begin = BEGIN + timedelta(minutes=n % 40_000)
        end = begin + timedelta(hours=3)
        session = Session(
            community=community, connector=connectors[n % len(connectors)], driver=drivers[n % DRIVERS],
            state=SessionState.ENDED, state_since=end, plugged_at=begin, started_at=begin, stopped_at=end,
            unplugged_at=end, energy_wh=10_000, meter_start_wh=100_000, meter_stop_wh=110_000,
        )  # fmt: skip
        parts = [{"energy_wh": 5_000, "price_per_mwh_minor": price} for price in (21_000, 33_000)]
        sessions.append(session)
        lines.append(
            BillLine(
                community=community,
                session=session,
                driver=session.driver,
                energy_wh=10_000,
                amount_minor=270,
                currency="EUR",
                started_at=begin,
                ended_at=end,
                parts=parts,
            )
        )
    Session.objects.bulk_create(sessions, batch_size=1_000)
    BillLine.objects.bulk_create(lines, batch_size=1_000)


def measure(community: Community) -> None:
    began = time.perf_counter()
    month = draft_month(community, month=date(2026, 10, 1), actor=SYSTEM, now=NOW)
    review_month(month, actor=SYSTEM, now=NOW)
    drafted = time.perf_counter()
    issued = issue_month(month, actor=SYSTEM, now=NOW)
    numbered = time.perf_counter()
    size = sum(len(print_statement(statement.document)) for statement in issued)
    printed = time.perf_counter()
    print(f"{len(issued)} statements over {DRIVERS * SESSIONS} sessions")
    print(f"  drafted and reviewed  {drafted - began:6.1f} s")
    print(f"  numbered and issued   {numbered - drafted:6.1f} s")
    print(f"  printed as PDF        {printed - numbered:6.1f} s, {size / len(issued) / 1000:.0f} kB each")
    print(f"  together              {printed - began:6.1f} s (60 are the bound)")


def main() -> None:
    with transaction.atomic():
        community = seed(now=NOW).community
        fill(community)
        measure(community)
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
