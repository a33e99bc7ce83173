"""Where a drill happens: a community of its own, with a transformer too small for its twelve charge points."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chargers.domain.sockets import keys
from chargers.models import ChargePoint, Connector
from chargers.simulator.plant.spec import ChargePointSpec
from drivers.enums import Role
from drivers.models import Driver, IdTag, Membership, User
from grid.domain.audit import SYSTEM
from grid.models import Circuit, Cluster, Community

TRANSFORMER_MA, PANEL_MA, MARGIN_MA = 63_000, 40_000, 1_000
LIMITS_MA = {"Transformer": TRANSFORMER_MA, "Panel A": PANEL_MA, "Panel B": PANEL_MA}
PARENTS: dict[str, str | None] = {"Transformer": None, "Panel A": "Transformer", "Panel B": "Transformer"}
FALLBACK_MA = 6_000
SETTLE_S = 6
CUT_NOTICE_S = 20
# Name, panel and wiring of each place.
PLACES = [
    (f"{panel[-1]}{number}", panel, rotation)
    for panel in ("Panel A", "Panel B")
    for number, rotation in enumerate(("R", "S", "T", "RST", "STR", "TRS"), start=1)
]


@dataclass(frozen=True, slots=True)
class Place:
    cluster: Cluster
    circuits: dict[str, UUID]
    specs: tuple[ChargePointSpec, ...]
    manager: User


def build(*, now: datetime) -> Place:
    """A community of its own for this drill: a transformer too small for twelve cars, with fallbacks that fit."""
    name = f"Drill {now:%Y-%m-%d %H:%M:%S}"
    community = Community.objects.create(name=name, slug=f"drill-{now:%Y%m%d-%H%M%S-%f}")
    cluster = Cluster.objects.create(
        community=community,
        name=name,
        settle_s=SETTLE_S,
        min_interval_s=5,
        cut_notice_s=CUT_NOTICE_S,
        margin_ma=MARGIN_MA,
        is_public=False,
    )
    transformer = _circuit(cluster, "Transformer", TRANSFORMER_MA, None)
    panels = {panel: _circuit(cluster, panel, PANEL_MA, transformer) for panel in ("Panel A", "Panel B")}
    specs = []
    for place, panel, rotation in PLACES:
        identity = f"{place}-{community.slug}"[-48:]
        charge_point = ChargePoint.objects.create(
            community=community, cluster=cluster, identity=identity, name=place
        )
        Connector.objects.create(
            community=community,
            charge_point=charge_point,
            circuit=panels[panel],
            number=1,
            phase_rotation=rotation,
            max_current_ma=16_000 if len(rotation) > 1 else 32_000,
            chosen_fallback_ma=FALLBACK_MA if len(rotation) == 1 else 0,
        )
        driver = Driver.objects.create(community=community, name=f"Driver of {place}")
        IdTag.objects.create(community=community, driver=driver, token=f"TAG{place}")
        specs.append(
            ChargePointSpec(
                id=identity,
                key=keys.issue_key(charge_point, actor=SYSTEM, now=now),
                phases=len(rotation),
                rotation=rotation if len(rotation) > 1 else {"R": "L1", "S": "L2", "T": "L3"}[rotation],
                circuit=panel,
                nameplate_ma=16_000 if len(rotation) > 1 else 32_000,
                model="Drill",
            )
        )
    manager = User.objects.create(username=community.slug)
    Membership.objects.create(community=community, user=manager, role=Role.MANAGER)
    circuits = {circuit.name: circuit.pk for circuit in (transformer, *panels.values())}
    return Place(cluster, circuits, tuple(specs), manager)


def retire(place: Place, *, now: datetime) -> None:
    """History is kept; nothing of the drill takes part in anything any more."""
    cluster = place.cluster
    Connector.objects.filter(charge_point__cluster=cluster).update(retired_at=now)
    ChargePoint.objects.filter(cluster=cluster).update(retired_at=now)
    Cluster.objects.filter(pk=cluster.pk).update(retired_at=now)
    Community.objects.filter(pk=cluster.community_id).update(retired_at=now)
    User.objects.filter(pk=place.manager.pk).update(is_active=False)


def fallback_ma(spec: ChargePointSpec) -> int:
    """The power that a car may draw there when the server is gone for long."""
    return FALLBACK_MA if spec.phases == 1 else 0


def _circuit(cluster: Cluster, name: str, limit_ma: int, parent: Circuit | None) -> Circuit:
    return Circuit.objects.create(
        community_id=cluster.community_id,
        cluster=cluster,
        parent=parent,
        name=name,
        limit_l1_ma=limit_ma,
        limit_l2_ma=limit_ma,
        limit_l3_ma=limit_ma,
    )
