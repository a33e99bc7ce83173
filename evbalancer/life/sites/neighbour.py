"""A second community of the same server: what happens in the first is none of its business, and must not reach it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chargers.enums import SessionState
from chargers.models import ChargePoint, Connector, Session
from drivers.enums import Role
from drivers.models import Driver, IdTag, Membership, User
from grid.domain.audit import SYSTEM
from grid.models import Circuit, Cluster, Community
from pricing.domain.billing import bill_session
from pricing.domain.versions import add_tariff
from pricing.models import Tariff

CARD = "NEXTDOOR"
LIMIT_MA = 35_000


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Its rows, by which others may try to reach it, and the card of its driver."""

    community_id: UUID
    circuit_id: UUID
    connector_id: UUID
    card: str = CARD


def build(*, now: datetime) -> Neighbour:
    """A house with one charge point that is not connected, and one bill."""
    community = Community.objects.create(name="Next Door", slug="next-door")
    cluster = Cluster.objects.create(community=community, name="Next Door")
    circuit = Circuit.objects.create(
        community=community,
        cluster=cluster,
        name="Main",
        **{f"limit_l{phase}_ma": LIMIT_MA for phase in (1, 2, 3)},
    )
    charge_point = ChargePoint.objects.create(
        community=community, cluster=cluster, identity="NEXT-DOOR-1", name="1"
    )
    connector = Connector.objects.create(
        community=community, charge_point=charge_point, circuit=circuit, number=1, phase_rotation="RST"
    )
    driver = Driver.objects.create(community=community, name="Driver next door")
    IdTag.objects.create(community=community, driver=driver, token=CARD)
    manager = User.objects.create(username="next-door")
    Membership.objects.create(community=community, user=manager, role=Role.MANAGER)
    tariff = Tariff(
        community=community,
        name="Next Door",
        valid_from=now - timedelta(days=365),
        base_price_per_mwh_minor=30_000,
    )
    add_tariff(tariff, by=SYSTEM, now=tariff.valid_from)
    _past(connector, driver, now=now)
    return Neighbour(community.pk, circuit.pk, connector.pk)


def _past(connector: Connector, driver: Driver, *, now: datetime) -> None:
    came_at, left_at = now - timedelta(hours=20), now - timedelta(hours=10)
    session = Session.objects.create(
        community_id=connector.community_id,
        connector=connector,
        driver=driver,
        state=SessionState.ENDED,
        state_since=left_at,
        plugged_at=came_at,
        started_at=came_at,
        charger_started_at=came_at,
        stopped_at=left_at,
        charger_stopped_at=left_at,
        unplugged_at=left_at,
        meter_start_wh=0,
        meter_stop_wh=11_000,
        energy_wh=11_000,
        stop_reason="EVDisconnected",
    )
    bill_session(session, now=left_at)
