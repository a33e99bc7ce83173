from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.orders import delivery
from chargers.enums import CommandKind, CommandState, OcppVersion, SessionState
from chargers.models import ChargePoint, ChargerCommand, MeterValue
from pricing.domain import costs
from pricing.domain.billing import cost_so_far_minor
from pricing.models import Tariff, TariffWindow
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.pricing import TariffWindowFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
NOW = START + timedelta(minutes=30)


@pytest.fixture
def session():
    connector = ConnectorFactory(
        charge_point__ocpp_version=OcppVersion.V201, charge_point__online_until=NOW + timedelta(hours=9)
    )
    session = SessionFactory(
        connector=connector,
        driver=DriverFactory(community=connector.community),
        plugged_at=START,
        started_at=START,
        state=SessionState.ACTIVE,
        transaction_uid="tx-1",
        meter_start_wh=0,
    )
    TariffWindowFactory(tariff__community=session.community)
    meter(session, 4_000, NOW)
    return session


def meter(session, energy_wh, at):
    session.energy_wh, session.metered_at = energy_wh, at
    session.save()
    MeterValue.objects.create(
        community=session.community,
        session=session,
        connector=session.connector,
        measured_at=at,
        received_at=at,
        energy_wh=energy_wh,
    )


def told():
    return list(ChargerCommand.objects.order_by("queued_at").values_list("arguments", flat=True))


def test_running_session_is_told_pricings_own_figure(session):
    assert costs.tell_running(now=NOW) == 1
    expected = cost_so_far_minor(session, now=NOW)
    assert expected > 0
    assert told() == [{"cost_minor": expected, "transaction_uid": "tx-1"}]


def test_cost_is_told_again_after_the_interval_and_a_meter_value(session, settings):
    settings.OCPP_COST_S = 60
    costs.tell_running(now=NOW)
    assert costs.tell_running(now=NOW + timedelta(minutes=5)) == 0
    meter(session, 6_000, NOW + timedelta(seconds=30))
    assert costs.tell_running(now=NOW + timedelta(seconds=40)) == 0
    assert costs.tell_running(now=NOW + timedelta(seconds=60)) == 1
    assert told()[1]["cost_minor"] > told()[0]["cost_minor"]


@pytest.mark.parametrize("why", ["switched off", "no tariff", "speaks 1.6", "offline", "never metered"])
def test_nobody_is_told_where_it_makes_no_sense(session, settings, why):
    charge_point = ChargePoint.objects.filter(pk=session.connector.charge_point_id)
    if why == "switched off":
        settings.OCPP_COST_S = 0
    elif why == "no tariff":
        TariffWindow.objects.all().delete()
        Tariff.objects.all().delete()
    elif why == "speaks 1.6":
        charge_point.update(ocpp_version=OcppVersion.V16)
    elif why == "offline":
        charge_point.update(online_until=NOW)
    else:
        session.metered_at = None
        session.save()
    assert costs.tell_running(now=NOW) == 0
    assert told() == []


def test_cost_waits_for_everything_else(session):
    costs.tell_running(now=NOW)
    cost = ChargerCommand.objects.get()
    charge_point = session.connector.charge_point
    connection_id = cost.pk
    ChargePoint.objects.filter(pk=charge_point.pk).update(connection_id=connection_id)
    later = ChargerCommand.objects.create(
        community_id=cost.community_id,
        charge_point=charge_point,
        kind=CommandKind.CLEAR_CACHE,
        state=CommandState.QUEUED,
        idempotency_key="later",
        requested_by="test",
        queued_at=NOW + timedelta(seconds=1),
        expires_at=NOW + timedelta(minutes=1),
    )
    claimed = [
        delivery.claim_all({connection_id: charge_point.pk}, now=NOW + timedelta(seconds=2))[connection_id].pk
        for _ in range(2)
    ]
    assert claimed == [later.pk, cost.pk]
