from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from chargers.enums import SessionState
from chargers.events import TransactionEnded
from chargers.models import MeterValue
from evbalancer.common.events import publish
from grid.domain.audit import SYSTEM
from pricing.domain.billing import bill_session, cost_so_far_minor
from pricing.domain.versions import import_tariff, publish_version
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


def test_bill_names_its_version_and_shows_every_part(session):
    body = {
        "elements": [
            {
                "price_components": [
                    {"type": "FLAT", "price": 0.5, "vat": 20},
                    {"type": "ENERGY", "price": 0.25, "vat": 10},
                ]
            },
            {"price_components": [{"type": "PARKING_TIME", "price": 2, "vat": 20}]},
        ],
        "min_price": {"before_taxes": 5, "after_taxes": 6},
    }
    version = import_tariff(session.community, body, name="OCPI", valid_from=START, by=SYSTEM, now=START)
    session.ended_sated = True
    meter(session, 60, 110_000)
    line = bill_session(session, now=START)
    # 0.60 + 10 x 0.25 x 1.1 + 1 h x 2 x 1.2 = 0.60 + 2.75 + 2.40 = 5.75, raised to 6.00
    assert (line.amount_minor, line.version, line.tariff) == (600, version, version.tariff)
    assert [(part["kind"], part["amount_minor"]) for part in line.parts] == [
        ("FLAT", 60),
        ("ENERGY", 275),
        ("PARKING_TIME", 240),
        ("LIMIT", 25),
    ]
    assert sum(part["amount_minor"] for part in line.parts) == line.amount_minor


def test_neighbouring_parts_at_one_price_are_one(session, tariff):
    """Both halves of the night have their own window."""
    tariff.windows.update(end_min=5 * 60 + 30)
    TariffWindowFactory(tariff=tariff, start_min=5 * 60 + 30, end_min=360)
    line = bill_session(session, now=START)
    assert [part["energy_wh"] for part in line.parts] == [5_000, 5_000]


def test_session_that_began_before_a_tariff_was_published_is_not_rated_by_it(session):
    tariff = TariffFactory(community=session.community)
    later = START + timedelta(minutes=1)
    tariff.base_price_per_mwh_minor = 90_000
    publish_version(tariff, by=SYSTEM, now=later)
    assert bill_session(session, now=later).amount_minor == 300
