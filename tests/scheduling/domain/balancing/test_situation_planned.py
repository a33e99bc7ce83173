"""Charge points that never connected hold nothing; from their first connection on they count, and get their fallback first."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.domain.limits import limits as charger_limits
from chargers.domain.sockets import connections
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from chargers.reports.base import Source
from chargers.reports.sockets import BootReport
from evbalancer.dashboard.live.facts import gather
from evbalancer.dashboard.live.rows import rows
from grid.models import Circuit, Cluster
from scheduling.domain.balancing.rebalance import share_power
from scheduling.domain.picture.states import state_of
from scheduling.domain.telling import wording
from scheduling.models import Allotment
from tests.e2e import site
from tests.factories.places import place

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def built() -> site.Built:
    """B1 and B2 are connected and charge; the eight others are planned."""
    built = site.build()
    Circuit.objects.update(base_load_max_l1_ma=0, base_load_max_l2_ma=0, base_load_max_l3_ma=0)
    Cluster.objects.update(margin_ma=0)
    for number, identity in enumerate(("B1", "B2"), start=1):
        online(identity)
        connector = connector_of(identity)
        session = Session.objects.create(
            community_id=connector.community_id, connector=connector, state=SessionState.ACTIVE,
            state_since=NOW, plugged_at=NOW, started_at=NOW, transaction_id=number,
        )  # fmt: skip
        charger_limits.transaction_started(session, now=NOW)
    return built


def connector_of(identity: str) -> Connector:
    return Connector.objects.select_related("charge_point__cluster").get(charge_point__identity=identity)


def online(identity: str) -> None:
    until = NOW + timedelta(days=1)
    ChargePoint.objects.filter(identity=identity).update(connected_at=NOW, online_until=until)
    Connector.objects.filter(charge_point__identity=identity).update(
        fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.CHARGING
    )


def sent_ma() -> dict[str, int]:
    rows = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED)
    return {row.connector.charge_point.identity: row.limit_ma for row in rows}


def connect(identity: str, *, now: datetime) -> ChargePoint:
    """It opens its first socket and boots."""
    ChargePoint.objects.filter(identity=identity).update(
        connected_at=now, online_until=now + timedelta(days=1), last_seen_at=now, connection_id=uuid4()
    )
    charge_point = ChargePoint.objects.get(identity=identity)
    source = Source(
        charge_point.pk, charge_point.cluster_id, charge_point.community_id, charge_point.connection_id
    )
    report = BootReport(
        source=source, received_at=now, vendor="V", model="M", serial_number="", firmware_version=""
    )
    connections.take_boot(report, now=now)
    return charge_point


def test_planned_charge_points_hold_nothing(built: site.Built) -> None:
    share_power(built.cluster.pk, now=NOW)
    assert sent_ma() == {"B1": 32_000, "B2": 32_000}
    assert connector_of("B4").reservation_ma == (0, 0, 0)


def test_planned_charge_point_is_said_to_be_planned(built: site.Built) -> None:
    share_power(built.cluster.pk, now=NOW)
    connector = connector_of("B4")
    assert state_of(place(connector), now=NOW) == "planned"
    assert Allotment.objects.get(connector=connector).reason == "planned"
    shown = {row["space"]: row for row in rows(gather(Cluster.objects.get(), now=NOW))}
    assert (shown["B4"]["state"], shown["B4"]["reserved_ma"]) == ("planned", 0)
    assert shown["B4"]["why"] == "Planned: it has never connected, so no power is kept for it"


def test_first_connection_counts_at_nameplate_and_asks_for_the_default_first(built: site.Built) -> None:
    share_power(built.cluster.pk, now=NOW)
    ChargerCommand.objects.all().delete()
    connect("B4", now=NOW)
    (first, *_) = ChargerCommand.objects.filter(charge_point__identity="B4").order_by("queued_at", "pk")
    kinds = ChargerCommand.objects.filter(charge_point__identity="B4").values_list("kind", flat=True)
    assert CommandKind.SET_FALLBACK in kinds
    assert CommandKind.SET_LIMIT not in kinds
    assert first.queued_at == NOW
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=1))
    assert connector_of("B4").reservation_ma == (16_000, 16_000, 16_000)


def test_charge_point_that_was_there_once_keeps_its_reservation(built: site.Built) -> None:
    connect("B4", now=NOW)
    ChargePoint.objects.filter(identity="B4").update(online_until=None, disconnected_at=NOW)
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=1))
    assert connector_of("B4").reservation_ma == (16_000, 16_000, 16_000)
    assert sent_ma()["B1"] == 24_000


def test_reason_names_what_is_kept_for_spaces_that_can_not_be_steered(built: site.Built) -> None:
    for identity in ("B4", "B5"):
        connect(identity, now=NOW)
        ChargePoint.objects.filter(identity=identity).update(online_until=None, disconnected_at=NOW)
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=1))
    allotment = Allotment.objects.get(connector=connector_of("B1"))
    assert wording.allotment_sentence(allotment, now=NOW) == (
        "8 A: Panel B, phase L1 is full; 32 A of it are kept for 2 spaces that can't be steered now"
    )
