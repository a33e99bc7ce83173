from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from chargers.enums import SessionState
from chargers.events import TransactionEnded
from chargers.models import MeterValue
from evbalancer.common.events import publish
from pricing.domain.billing import bill_session, cost_so_far_minor
from pricing.models import BillLine
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.pricing import TariffFactory, TariffWindowFactory

pytestmark = pytest.mark.django_db
# 05:00 in Berlin; the night's price ends at 06:00.
START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def session():
    connector = ConnectorFactory()
    return SessionFactory(
        connector=connector,
        driver=DriverFactory(community=connector.community),
        plugged_at=START,
        started_at=START,
        stopped_at=START + timedelta(hours=2),
        meter_start_wh=100_000,
        energy_wh=10_000,
        state=SessionState.ENDED,
    )


@pytest.fixture
def tariff(session):
    return TariffWindowFactory(tariff__community=session.community).tariff


def meter(session, minutes, register_wh, **changes):
    at = START + timedelta(minutes=minutes)
    MeterValue.objects.create(
        community=session.community,
        connector=session.connector,
        session=session,
        received_at=at,
        measured_at=at,
        energy_wh=register_wh,
        **changes,
    )


def test_bill_prices_energy_when_it_flowed(session, tariff):
    meter(session, 60, 109_000)
    line = bill_session(session, now=START)
    assert (line.energy_wh, line.amount_minor, line.currency, line.tariff) == (10_000, 210, "EUR", tariff)
    assert [(part["energy_wh"], part["price_per_mwh_minor"]) for part in line.parts] == [
        (9_000, 20_000),
        (1_000, 30_000),
    ]


def test_bill_believes_no_meter_value_that_goes_astray(session, tariff):
    meter(session, 30, 500_000)
    meter(session, 40, 99_000)
    meter(session, 50, 150_000, quarantine="jump")
    assert bill_session(session, now=START).amount_minor == 250


def test_bill_is_written_once(session, tariff):
    assert bill_session(session, now=START) == bill_session(session, now=START)
    assert BillLine.objects.count() == 1


def test_bill_without_a_tariff_is_free(session):
    line = bill_session(session, now=START)
    assert (line.amount_minor, line.energy_wh, line.tariff) == (0, 10_000, None)


def test_bill_follows_the_end_of_a_transaction_in_its_transaction(session, tariff):
    event = TransactionEnded(session_id=session.pk, cluster_id=session.connector.charge_point.cluster_id)
    with transaction.atomic():
        publish(event)
        assert BillLine.objects.count() == 1
        transaction.set_rollback(True)
    assert not BillLine.objects.exists()
    with transaction.atomic():
        publish(event)
    assert BillLine.objects.get().session == session


def test_cost_so_far_is_what_the_bill_would_be(session, tariff):
    session.metered_at = session.stopped_at
    assert cost_so_far_minor(session, now=START) == bill_session(session, now=START).amount_minor


def test_cost_so_far_is_unknown_without_a_tariff_or_a_start(session):
    assert cost_so_far_minor(session, now=START) is None
    TariffFactory(community=session.community)
    session.started_at = None
    assert cost_so_far_minor(session, now=START) is None
