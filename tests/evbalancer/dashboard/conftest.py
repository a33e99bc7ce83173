"""A house with one transformer, a panel, and a few cars in known states. Times are handed in, nothing sleeps."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import Connector, Session
from drivers.enums import Role
from drivers.models import Driver, User
from evbalancer.common.units import PhaseMilliamps
from grid.models import Circuit, Cluster, DemandInterval, DemandTarget
from scheduling.domain.balancing import attendance
from scheduling.models import Allotment, RebalanceRun
from tests.factories.chargers import ChargePointFactory, ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, MembershipFactory, manager_of
from tests.factories.grid import CircuitFactory, ClusterFactory

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


@dataclass
class House:
    cluster: Cluster
    transformer: Circuit
    panel: Circuit
    now: datetime = NOW

    def connector(self, name: str, *, online: bool = True, **fields: object) -> Connector:
        charge_point = ChargePointFactory(
            circuit=self.panel,
            name=name,
            booted_at=self.now - timedelta(hours=2),
            online_until=self.now + timedelta(minutes=2) if online else self.now - timedelta(minutes=4),
        )
        usual = {"fallback_ma": 0, "fallback_confirmed_at": self.now - timedelta(hours=1)}
        connector = ConnectorFactory(circuit=self.panel, charge_point=charge_point, **(usual | fields))
        # As the balancer counts it.
        reserved = PhaseMilliamps.on(
            connector.wired_phases, max(connector.confirmed_ma or 0, connector.fallback_ma or 0)
        )
        connector.reservation_l1_ma, connector.reservation_l2_ma, connector.reservation_l3_ma = reserved
        connector.save()
        return connector

    def interval(self, *, begin: datetime | None = None, **fields: Any) -> DemandInterval:
        """A metering interval of the transformer, the present one unless told otherwise, and a target to count it by."""
        tenant = {"community": self.cluster.community, "circuit": self.transformer}
        usual = {"length_s": 900, "target_w": 50_000, "counted_until": self.now} | fields
        DemandTarget.objects.get_or_create(circuit=self.transformer, defaults={**tenant, "target_w": 50_000})
        return DemandInterval.objects.create(**tenant, begin=begin or self.now, **usual)

    def charging(
        self, name: str, *, limit_ma: int = 10_000, driver: Driver | None = None, **fields: object
    ) -> Session:
        """A three-phase car that draws what it may."""
        connector = self.connector(
            name, status=ConnectorStatus.CHARGING, confirmed_ma=limit_ma, wanted_ma=limit_ma
        )
        started_at = self.now - timedelta(minutes=30)
        usual = {
            "state": SessionState.ACTIVE,
            "plugged_at": started_at,
            "started_at": started_at,
            "charger_started_at": started_at,
            "meter_start_wh": 1_000,
            "energy_wh": 3_450,
            "power_w": limit_ma * 690 // 1000,
            "current_l1_ma": limit_ma,
            "current_l2_ma": limit_ma,
            "current_l3_ma": limit_ma,
            "metered_at": self.now - timedelta(seconds=5),
            "driver": driver or DriverFactory(community=self.cluster.community, name=f"Who is at {name}"),
        }
        session: Session = SessionFactory(connector=connector, **(usual | fields))
        self.allot(connector, wanted_ma=limit_ma, reason="circuit_full", sharing=2, session=session)
        return session

    def allot(
        self, connector: Connector, *, wanted_ma: int, reason: str, sharing: int = 0, **fields: object
    ) -> Allotment:
        facts = {"circuit": self.panel.name, "phase": 1, "sharing": sharing}
        usual = {"since": self.now - timedelta(minutes=6), "at": self.now, "facts": facts}
        return Allotment.objects.create(
            community=self.cluster.community,
            connector=connector,
            wanted_ma=wanted_ma,
            reason=reason,
            **(usual | fields),
        )

    def ran(self, *, at: datetime | None = None, **fields: object) -> RebalanceRun:
        usual = {"trigger": "beat", "duration_ms": 12, "inputs_digest": "0" * 64, "decisions": []}
        attendance.note_run(self.cluster, stand_in="", now=at or self.now)
        return RebalanceRun.objects.create(
            community=self.cluster.community, cluster=self.cluster, at=at or self.now, **(usual | fields)
        )

    def manager(self) -> User:
        return manager_of(self.cluster.community)

    def resident(self) -> User:
        return MembershipFactory(community=self.cluster.community, role=Role.RESIDENT).user


def make_house(*, now: datetime = NOW, **fields: object) -> House:
    cluster = ClusterFactory(**{"is_public": True} | fields)
    transformer = CircuitFactory(
        cluster=cluster,
        name="Transformer",
        **{f"limit_l{phase}_ma": 100_000 for phase in (1, 2, 3)},
        **{f"base_load_max_l{phase}_ma": 20_000 for phase in (1, 2, 3)},
    )
    panel = CircuitFactory(
        cluster=cluster,
        parent=transformer,
        name="Panel A",
        kind="panel",
        position=1,
        **{f"limit_l{phase}_ma": 63_000 for phase in (1, 2, 3)},
    )
    return House(cluster, transformer, panel, now)


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def other_house(db: None) -> House:
    return make_house(name="SECRET-B", is_public=False)


@pytest.fixture
def now_house(db: None) -> House:
    return make_house(now=datetime.now(UTC))
