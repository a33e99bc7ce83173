"""Maple Court: 34 charge points behind a 100 kVA transformer, with drivers, cars, a tariff, and two months of nights and bills.

Safe to run again: existing rows stay as they are.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F

from chargers.enums import PhaseRotation
from chargers.models import ChargePoint, Connector
from drivers.enums import Role
from drivers.models import Driver, IdTag, Membership, User
from evbalancer.common.units import va_to_ma
from evbalancer.demo.accounts import ACCOUNTS, OPERATOR
from evbalancer.demo.conduct import seed_conduct
from evbalancer.demo.history import seed_history
from evbalancer.demo.people import CARS, NAMES
from fleet.models import Vehicle
from grid.domain.audit import SYSTEM, record_entry
from grid.enums import ActorKind, CircuitKind
from grid.models import AuditEntry, Circuit, Cluster, Community, LoadCurve
from grid.models.reading import QUARTER_HOURS
from pricing.domain.versions import add_tariff
from pricing.models import Tariff
from pricing.rating.weekly import EVERY_DAY, Window

SLUG = "maple-court"
IDENTITY = "MAPLE-"
TRANSFORMER_VA = 100_000
PANEL_MA = 63_000
SINGLE_PHASE, THREE_PHASE = 24, 10
SINGLE_ROTATIONS = (PhaseRotation.R, PhaseRotation.S, PhaseRotation.T)
THREE_ROTATIONS = (PhaseRotation.RST, PhaseRotation.STR, PhaseRotation.TRS)


@transaction.atomic
def seed(*, now: datetime, tell: Callable[[str], object] = lambda _: None) -> Cluster:
    """Create the community unless it exists. Returns its cluster. `tell` hears what takes a while."""
    found = _seeded()
    if found is not None:
        _set_strangers_aside(found, now=now)
        return found
    tell("Inviting 34 drivers and their cars …")
    cluster, connectors, drivers = found_community(now=now)
    tell("Charging for two months, and billing it …")
    seed_history(cluster, list(zip(connectors, drivers, strict=True)), now=now)
    seed_conduct(drivers, now=now)
    return cluster


def found_community(*, now: datetime) -> tuple[Cluster, list[Connector], list[Driver]]:
    """Maple Court on its first day."""
    community = Community.objects.create(
        name="Maple Court", slug=SLUG, time_zone="Europe/Berlin", currency="EUR"
    )
    cluster = Cluster.objects.create(community=community, name="Maple Court", is_public=True)
    panels = _circuits(cluster)
    connectors = _charge_points(cluster, panels)
    drivers = _people(community)
    _tariff(community, now=now)
    return cluster, connectors, drivers


def _seeded() -> Cluster | None:
    """The cluster of an earlier start, found by its charge points: people may have renamed it and its community."""
    counted = Cluster.objects.filter(charge_points__identity__startswith=IDENTITY).annotate(
        count=Count("charge_points")
    )
    return counted.order_by(F("retired_at").asc(nulls_first=True), "-count").first()


def _set_strangers_aside(own: Cluster, *, now: datetime) -> None:
    """Retire clusters that no person made here: what a benchmark left must not be balanced beside Maple Court."""
    added = AuditEntry.objects.filter(action="cluster.added", actor_kind=ActorKind.USER)
    made = set(added.values_list("target_id", flat=True))
    for cluster in Cluster.objects.filter(retired_at=None).exclude(community=own.community_id):
        if str(cluster.pk) not in made:
            cluster.retired_at = now
            cluster.save(update_fields=["retired_at"])
            record_entry(
                actor=SYSTEM, action="cluster.retired", target=cluster, now=now, reason="Not of this demo"
            )


def _circuits(cluster: Cluster) -> list[Circuit]:
    limit_ma = va_to_ma(TRANSFORMER_VA, voltage_v=cluster.voltage_v)
    limits = {f"limit_l{phase}_ma": limit_ma for phase in (1, 2, 3)}
    transformer = Circuit.objects.create(
        community=cluster.community,
        cluster=cluster,
        name="Transformer",
        kind=CircuitKind.TRANSFORMER,
        **limits,
    )
    LoadCurve.objects.create(
        community=cluster.community,
        circuit=transformer,
        **{f"l{phase}_ma": _building_curve(phase) for phase in (1, 2, 3)},
    )
    return [
        Circuit.objects.create(
            community=cluster.community,
            cluster=cluster,
            parent=transformer,
            name=name,
            kind=CircuitKind.PANEL,
            position=position,
            **{f"limit_l{phase}_ma": PANEL_MA for phase in (1, 2, 3)},
        )
        for position, name in enumerate(("Panel A", "Panel B"), start=1)
    ]


def _building_curve(phase: int) -> list[int]:
    """A block of flats: a low night, a morning, cooking at noon, a long evening; phases differ a little."""
    curve = []
    for quarter in range(QUARTER_HOURS):
        hour = quarter / 4
        evening = 24 * math.exp(-((hour - 19.5) ** 2) / 6)
        noon = 8 * math.exp(-((hour - 12.5) ** 2) / 3)
        morning = 12 * math.exp(-((hour - 7.25) ** 2) / 2)
        amps = 16 + evening + noon + morning + 1.5 * math.sin(hour + phase * 2)
        curve.append(round(amps * 1000 * (0.95, 1.05, 1.0)[phase - 1]))
    return curve


def _charge_points(cluster: Cluster, panels: list[Circuit]) -> list[Connector]:
    connectors = []
    for number in range(SINGLE_PHASE + THREE_PHASE):
        panel = panels[number % 2]
        place = number // 2 + 1
        letter = panel.name[-1]
        # Twelve single-phase and five three-phase ones hang on each panel, turned so that the phases are even.
        is_three_phase = number >= SINGLE_PHASE
        rotations = THREE_ROTATIONS if is_three_phase else SINGLE_ROTATIONS
        charge_point = ChargePoint.objects.create(
            community=cluster.community,
            cluster=cluster,
            identity=f"{IDENTITY}{letter}{place:02}",
            name=f"{letter}-{place:02}",
        )
        connectors.append(
            Connector.objects.create(
                community=cluster.community,
                charge_point=charge_point,
                circuit=panel,
                number=1,
                phase_rotation=rotations[place % 3],
                max_current_ma=16_000 if is_three_phase else 32_000,
            ),
        )
    return connectors


def _people(community: Community) -> list[Driver]:
    drivers = []
    for number, name in enumerate(NAMES):
        car = CARS[number % len(CARS)]
        driver = Driver.objects.create(community=community, name=name, unit=f"Flat {number + 1}")
        IdTag.objects.create(community=community, driver=driver, token=f"MAPLE{number + 1:04}")
        Vehicle.objects.create(
            community=community,
            driver=driver,
            name=f"{car.make} {car.model}",
            make=car.make,
            model=car.model,
            battery_wh=car.battery_wh,
            phases=car.phases,
            max_current_ma=car.max_current_ma,
        )
        drivers.append(driver)
    for username, password, role in ACCOUNTS:
        user = User.objects.create_user(username, f"{username}@maple-court.example", password)
        user.is_staff = role == Role.MANAGER
        user.save(update_fields=["is_staff"])
        Membership.objects.create(community=community, user=user, role=role)
        if role == Role.DRIVER:
            Driver.objects.filter(pk=drivers[0].pk).update(user=user, email=user.email)
    username, password = OPERATOR
    User.objects.create_superuser(username, f"{username}@maple-court.example", password)
    return drivers


def _tariff(community: Community, *, now: datetime) -> None:
    since = now - timedelta(days=365)
    tariff = Tariff(
        community=community,
        name="Maple Court day and night",
        valid_from=since,
        base_price_per_mwh_minor=32_000,
        emergency_surcharge_per_mwh_minor=8_000,
        overstay_per_hour_minor=200,
    )
    windows = [
        Window(EVERY_DAY, 0, 6 * 60, 21_000),
        Window(EVERY_DAY, 17 * 60, 20 * 60, 38_000),
        Window(EVERY_DAY, 22 * 60, 24 * 60, 21_000),
    ]
    add_tariff(tariff, windows=windows, by=SYSTEM, now=since)
