"""A meter that is told after the bill: the line stands, another one brings the sum to what is owed."""

import math
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from chargers.domain.archive.means import values_ledger
from chargers.domain.sessions import sessions
from chargers.enums import SessionState
from chargers.models import MeterValue, TransactionNumber
from chargers.reports.base import Source
from chargers.reports.charging import StopReport
from grid.domain.audit import SYSTEM
from grid.domain.retention.periods import Periods
from grid.domain.retention.rounds import clear_ledger
from grid.models import AuditEntry
from pricing.domain.billing import bill_session
from pricing.domain.corrections import adjust_bill_line
from pricing.domain.statements.lines import find_unsettled
from pricing.domain.versions import publish_version
from pricing.models import BillLine, TariffVersion
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.pricing import TariffFactory, TariffWindowFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
LATER = START + timedelta(days=1)


@pytest.fixture
def session():
    """Closed and billed without its stop: 10 kWh at 30 cents."""
    connector = ConnectorFactory()
    TariffFactory(community=connector.community)
    session = SessionFactory(
        connector=connector,
        driver=DriverFactory(community=connector.community),
        plugged_at=START,
        started_at=START,
        stopped_at=START + timedelta(hours=2),
        meter_start_wh=100_000,
        energy_wh=10_000,
        transaction_id=TransactionNumber.objects.create().pk,
        state=SessionState.ENDED,
    )
    assert bill_session(session, now=START).amount_minor == 300
    return session


def stop(session, meter_wh):
    charge_point = session.connector.charge_point
    source = Source(charge_point.pk, charge_point.cluster_id, charge_point.community_id, uuid4())
    report = StopReport(
        source=source,
        received_at=LATER,
        transaction_id=session.transaction_id,
        meter_wh=meter_wh,
        charger_at=START + timedelta(hours=3),
        payload={},
    )
    sessions.stop_session(report, now=LATER)


def lines():
    rows = BillLine.objects.order_by("created_at")
    return [(line.kind, line.energy_wh, line.amount_minor) for line in rows]


@pytest.mark.parametrize(
    ("meter_wh", "adjustment"),
    [(114_000, ("adjustment", 4_000, 120)), (108_000, ("adjustment", -2_000, -60))],
)
def test_late_stop_adjusts_the_bill_once_and_is_audited(session, meter_wh, adjustment):
    stop(session, meter_wh)
    stop(session, meter_wh)
    assert lines() == [("energy", 10_000, 300), adjustment]
    entry = AuditEntry.objects.get(action="bill.adjusted")
    assert entry.before == {"energy_wh": 10_000, "amount_minor": 300}
    assert entry.after["energy_wh"] == 10_000 + adjustment[1]


def test_late_stop_that_changes_nothing_leaves_the_bill_alone(session):
    stop(session, 110_000)
    assert lines() == [("energy", 10_000, 300)]


def test_later_corrections_build_on_earlier_ones(session):
    for energy_wh in (12_000, 11_000):
        session.energy_wh = energy_wh
        adjust_bill_line(session, now=LATER)
    assert lines()[1:] == [("adjustment", 2_000, 60), ("adjustment", -1_000, -30)]


def test_what_was_never_billed_is_not_adjusted(session):
    BillLine.objects.all().delete()
    assert adjust_bill_line(session, now=LATER) is None


def edit(tariff, **changes):
    for name, value in changes.items():
        setattr(tariff, name, value)
    tariff.save()
    assert publish_version(tariff, by=SYSTEM, now=LATER).number == 2


def test_correction_after_an_edit_is_rated_by_the_version_of_the_bill(session):
    line = BillLine.objects.get()
    edit(line.tariff, base_price_per_mwh_minor=90_000)
    stop(session, 110_010)
    assert lines()[-1] == ("adjustment", 10, 0)
    stop_later = BillLine.objects.order_by("created_at").last()
    assert stop_later.version == line.version


def test_correction_of_energy_after_an_edit_has_the_price_of_the_bill(session):
    edit(BillLine.objects.get().tariff, base_price_per_mwh_minor=90_000)
    stop(session, 120_000)
    assert lines()[-1] == ("adjustment", 10_000, 300)


def test_bill_that_names_no_version_is_corrected_by_the_prices_that_it_keeps(session):
    """Written before versions were kept, by a tariff that was edited since."""
    BillLine.objects.update(version=None)
    edit(BillLine.objects.get().tariff, base_price_per_mwh_minor=90_000)
    stop(session, 120_000)
    assert lines()[-1] == ("adjustment", 10_000, 300)


def test_correction_after_the_values_became_means_is_the_same(session):
    """Two prices: the registers say how much flowed at each, value by value or of each five minutes."""
    line = BillLine.objects.get()
    TariffWindowFactory(tariff=line.tariff)
    BillLine.objects.update(version=TariffVersion.objects.order_by("number").last())
    registers = [(minute, 100_000 + minute * 80 + minute % 7 * 10) for minute in range(1, 120)]
    MeterValue.objects.bulk_create(
        MeterValue(
            community=session.community, connector=session.connector, session=session, energy_wh=register_wh,
            measured_at=START + timedelta(minutes=minute), received_at=START + timedelta(minutes=minute),
        )
        for minute, register_wh in registers
    )  # fmt: skip

    def correct():
        with transaction.atomic():
            found = adjust_bill_line(session, now=LATER)
            transaction.set_rollback(True)
        return found.energy_wh, found.amount_minor, found.parts

    session.energy_wh = 9_700
    before = correct()
    assert len(before[2]) == 2
    periods = Periods({session.community_id: LATER})
    assert clear_ledger(
        values_ledger(periods, find_needed=find_unsettled), now=LATER, ends_s=math.inf
    ) == len(registers)
    assert correct() == before
