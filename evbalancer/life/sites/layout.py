"""A site as a description, and what makes it: rows for the product, charge points for the simulation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chargers.domain.sockets import keys
from chargers.models import ChargePoint, Connector
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.plant.wiring import Amps3
from chargers.simulator.profiles import KeyedBy
from drivers.enums import Role
from drivers.models import Driver, IdTag, Membership, User
from evbalancer.life.sites import neighbour
from evbalancer.life.sites.members import enrol
from evbalancer.life.sites.premises import Premises, Use, grid_of
from grid.domain.audit import SYSTEM
from grid.domain.grid_keys import issue_grid_key
from grid.enums import GridKeyPurpose
from grid.models import Circuit, Cluster, Community
from pricing.domain.versions import add_tariff
from pricing.models import Tariff

SINGLE = {"R": "L1", "S": "L2", "T": "L3"}


@dataclass(frozen=True, slots=True)
class Feeder:
    """A circuit; the one that has nothing above it is the grid connection."""

    name: str
    above: str | None
    limit_ma: Amps3


@dataclass(frozen=True, slots=True)
class Make:
    """A make of charge points, with what is peculiar to it. `habits` are names of `chargers.simulator.faults.KINDS`."""

    vendor: str
    model: str
    version: str = "1.6"
    connectors: int = 1
    keyed_by: KeyedBy = KeyedBy.ID_OR_SLOT
    boots_on_reconnect: bool = False
    hex_keys: bool = False
    rate_units: tuple[str, ...] = ("A", "W")
    reads_back: bool = True
    habits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlet:
    """A charge point and where it hangs; `rotation` in OCPP's letters."""

    place: str
    feeder: str
    rotation: str
    nameplate_ma: int
    make: Make


@dataclass(frozen=True, slots=True)
class Layout:
    name: str
    use: Use
    feeders: tuple[Feeder, ...]
    outlets: tuple[Outlet, ...]
    drivers: int
    # Drivers sign in, or have a card and nothing else.
    with_accounts: bool = True
    few: int = 4
    # The order in a shortage: everybody who fits has the minimum before any departure counts.
    everybody_first: bool = False
    # What the building takes at most, per circuit; where there is any, a meter says how much it is.
    building_ma: Mapping[str, Amps3] = field(default_factory=dict)


def erect(layout: Layout, *, now: datetime) -> Premises:
    """Build the site in an empty database, as a manager would have it after the first evening."""
    community = Community.objects.create(name=layout.name, slug=layout.name.lower())
    cluster = Cluster.objects.create(
        community=community, name=layout.name, everybody_first=layout.everybody_first
    )
    circuits = _circuits(cluster, layout)
    specs = tuple(_charge_point(cluster, circuits, outlet, now=now) for outlet in layout.outlets)
    drivers = [_driver(community, number) for number in range(1, layout.drivers + 1)]
    manager = User.objects.create(username=f"{community.slug}-manager", is_staff=True)
    Membership.objects.create(community=community, user=manager, role=Role.MANAGER)
    tariff = Tariff(
        community=community,
        name=layout.name,
        valid_from=now - timedelta(days=365),
        base_price_per_mwh_minor=32_000,
        emergency_surcharge_per_mwh_minor=8_000,
        overstay_per_hour_minor=200,
    )
    add_tariff(tariff, by=SYSTEM, now=tariff.valid_from)
    grid = grid_of(cluster)
    own = {driver.name: spec.id for driver, spec in zip(drivers, specs, strict=False)}
    return Premises(
        cluster=cluster,
        use=layout.use,
        circuits=grid.circuits,
        limits_ma=grid.limits_ma,
        parents=grid.parents,
        specs=specs,
        members=enrol(
            community,
            drivers,
            spaces=own if layout.use == Use.HOME else {},
            with_accounts=layout.with_accounts,
        ),
        manager=manager,
        neighbour=neighbour.build(now=now),
        habits={spec.id: outlet.make.habits for spec, outlet in zip(specs, layout.outlets, strict=True)},
        few=layout.few,
        meter_keys={name: _meter_key(circuits[name], now=now) for name in layout.building_ma},
    )


def _meter_key(circuit: Circuit, *, now: datetime) -> str:
    _, key = issue_grid_key(circuit, purpose=GridKeyPurpose.METER, label="Meter", actor=SYSTEM, now=now)
    return key


def _circuits(cluster: Cluster, layout: Layout) -> dict[str, Circuit]:
    made: dict[str, Circuit] = {}
    for position, feeder in enumerate(layout.feeders):
        building_ma = layout.building_ma.get(feeder.name)
        made[feeder.name] = Circuit.objects.create(
            community_id=cluster.community_id,
            cluster=cluster,
            parent=made[feeder.above] if feeder.above else None,
            name=feeder.name,
            position=position,
            has_meter=building_ma is not None,
            **{f"limit_l{phase}_ma": limit for phase, limit in enumerate(feeder.limit_ma, start=1)},
            **{f"base_load_max_l{phase}_ma": most for phase, most in enumerate(building_ma or (), start=1)},
        )
    return made


def _charge_point(
    cluster: Cluster, circuits: Mapping[str, Circuit], outlet: Outlet, *, now: datetime
) -> ChargePointSpec:
    make = outlet.make
    charge_point = ChargePoint.objects.create(
        community_id=cluster.community_id,
        cluster=cluster,
        identity=f"{outlet.place}-{cluster.community.slug}",
        name=outlet.place,
    )
    for number in range(1, make.connectors + 1):
        Connector.objects.create(
            community_id=cluster.community_id,
            charge_point=charge_point,
            circuit=circuits[outlet.feeder],
            number=number,
            phase_rotation=outlet.rotation,
            max_current_ma=outlet.nameplate_ma,
        )
    return ChargePointSpec(
        id=charge_point.identity,
        key=keys.issue_key(charge_point, actor=SYSTEM, now=now),
        version=make.version,
        connectors=make.connectors,
        phases=len(outlet.rotation),
        rotation=SINGLE.get(outlet.rotation, outlet.rotation),
        circuit=outlet.feeder,
        nameplate_ma=outlet.nameplate_ma,
        vendor=make.vendor,
        model=make.model,
        boots_on_reconnect=make.boots_on_reconnect,
        profiles_keyed_by=make.keyed_by,
        hex_keys=make.hex_keys,
        rate_units=make.rate_units,
        reads_back=make.reads_back,
    )


def _driver(community: Community, number: int) -> Driver:
    driver = Driver.objects.create(community=community, name=f"Driver {number}")
    IdTag.objects.create(community=community, driver=driver, token=f"{community.slug.upper()}{number:03}")
    return driver
