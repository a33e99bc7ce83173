from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.domain.archive.registers import read_last_register, read_registers
from chargers.models import MeterMean, MeterValue
from tests.factories.chargers import SessionFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 9, 1, 18, 0, tzinfo=UTC)


@pytest.fixture
def session():
    return SessionFactory(plugged_at=START)


def at(minute):
    return START + timedelta(minutes=minute)


def value(session, minute, wh, **more):
    MeterValue.objects.create(
        community=session.community, connector=session.connector, session=session, measured_at=at(minute),
        received_at=at(minute), energy_wh=wh, **more,
    )  # fmt: skip


def mean(session, first, last):
    (first_min, first_wh), (last_min, last_wh) = first, last
    MeterMean.objects.create(
        id=uuid4(), community=session.community, connector=session.connector, session=session, begins_at=at(first_min),
        span_s=300, values=2, first_at=at(first_min), first_wh=first_wh, last_at=at(last_min), last_wh=last_wh,
    )  # fmt: skip


def test_values_and_means_are_read_in_their_order(session):
    value(session, 20, 2_000)
    mean(session, (5, 1_200), (9, 1_400))
    mean(session, (0, 1_000), (0, 1_000))
    value(session, 3, 1_100)
    assert read_registers(session) == [
        (at(0), 1_000), (at(3), 1_100), (at(5), 1_200), (at(9), 1_400), (at(20), 2_000)
    ]  # fmt: skip


def test_what_was_set_aside_or_told_no_register_is_not_read(session):
    value(session, 1, 9_999, quarantine="jump")
    value(session, 2, None)
    MeterMean.objects.create(
        id=uuid4(), community=session.community, connector=session.connector, session=session, begins_at=START,
        span_s=300, values=1, set_aside=1,
    )  # fmt: skip
    assert read_registers(session) == []
    assert read_last_register(session.connector_id, before=at(60)) is None


@pytest.mark.parametrize(
    ("minute", "known"),
    [(0, None), (1, (1, 1_000)), (3, (1, 1_000)), (4, (4, 1_300)), (10, (10, 1_900)), (99, (10, 1_900))],
)
def test_last_register_before_a_moment(session, minute, known):
    mean(session, (1, 1_000), (4, 1_300))
    value(session, 10, 1_900)
    expected = None if known is None else (at(known[0]), known[1])
    assert read_last_register(session.connector_id, before=at(minute)) == expected
