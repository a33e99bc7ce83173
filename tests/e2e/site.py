"""A community whose tree is just too small for its cars, in the database and as simulated charge points."""

from dataclasses import dataclass
from datetime import UTC, datetime

from chargers.domain.sockets import keys
from chargers.models import ChargePoint, Connector
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.site import Site
from drivers.models import Driver, IdTag
from grid.domain.audit import SYSTEM
from grid.models import Circuit, Cluster, Community

# (identity, panel, rotation, nameplate)
PLACES = (
    ("A1", "Panel A", "R", 32_000),
    ("A2", "Panel A", "S", 32_000),
    ("A3", "Panel A", "T", 32_000),
    ("A4", "Panel A", "RST", 16_000),
    ("A5", "Panel A", "STR", 16_000),
    ("B1", "Panel B", "R", 32_000),
    ("B2", "Panel B", "S", 32_000),
    ("B3", "Panel B", "T", 32_000),
    ("B4", "Panel B", "TRS", 16_000),
    ("B5", "Panel B", "RST", 16_000),
)
TRANSFORMER_MA, PANEL_MA, BUILDING_MA = 75_000, 40_000, 8_000


@dataclass(frozen=True)
class Built:
    cluster: Cluster
    transformer: Circuit
    specs: tuple[ChargePointSpec, ...]
    circuits: dict[str, str | None]

    def site(self, url: str, **options: float) -> Site:
        site = Site(url, circuits=self.circuits, **options)
        for spec in self.specs:
            station = site.add(spec)
            station.settings.sample_s = 2
            station.settings.backoff_first_s = 0.2
            station.settings.backoff_most_s = 1.0
        return site


def limits(current_ma: int) -> dict[str, int]:
    return {f"limit_l{phase}_ma": current_ma for phase in (1, 2, 3)}


def build() -> Built:
    now = datetime.now(UTC)
    community = Community.objects.create(name="Test Court", slug="test-court")
    cluster = Cluster.objects.create(
        community=community, name="Test Court", min_interval_s=5, cut_notice_s=30, is_public=True
    )
    tenant = {"community": community, "cluster": cluster}
    transformer = Circuit.objects.create(
        **tenant,
        name="Transformer",
        kind="transformer",
        **limits(TRANSFORMER_MA),
        **{f"base_load_max_l{phase}_ma": BUILDING_MA for phase in (1, 2, 3)},
    )
    panels = {
        name: Circuit.objects.create(**tenant, parent=transformer, name=name, **limits(PANEL_MA))
        for name in ("Panel A", "Panel B")
    }
    specs = []
    for identity, panel, rotation, nameplate_ma in PLACES:
        charge_point = ChargePoint.objects.create(**tenant, identity=identity, name=identity)
        Connector.objects.create(
            community=community,
            charge_point=charge_point,
            circuit=panels[panel],
            number=1,
            phase_rotation=rotation,
            max_current_ma=nameplate_ma,
        )
        driver = Driver.objects.create(community=community, name=f"Driver of {identity}")
        IdTag.objects.create(community=community, driver=driver, token=f"TAG{identity}")
        phases = len(rotation)
        specs.append(
            ChargePointSpec(
                id=identity,
                key=keys.issue_key(charge_point, actor=SYSTEM, now=now),
                phases=phases,
                rotation=rotation if phases > 1 else {"R": "L1", "S": "L2", "T": "L3"}[rotation],
                circuit=panel,
                nameplate_ma=nameplate_ma,
            )
        )
    circuits = {"Transformer": None, "Panel A": "Transformer", "Panel B": "Transformer"}
    return Built(cluster, transformer, tuple(specs), circuits)
