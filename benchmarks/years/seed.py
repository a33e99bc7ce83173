"""Years of a server, written in minutes: one large community with half of all cars, and a hundred small ones.

Whole size: 125,000 sessions of three years with their bills, profiles and accounts, and of the last month, as retention keeps them,
10 million meter values, 3 million rows of the OCPP log and 1.5 million commands. Rows are written in the order of time.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from benchmarks.years.copying import Row, copy_rows, random_uuid
from chargers.enums import CommandKind, CommandState, MessageDirection, SessionState
from chargers.models import (
    ChargePoint,
    ChargerCommand,
    Connector,
    MeterMean,
    MeterValue,
    OcppMessage,
    Session,
)
from drivers.enums import NotificationKind, Role
from drivers.models import Driver, IdTag, Membership, Notification, User
from evbalancer.common.ids import first_uuid_of
from fleet.models import Stay, Vehicle, VehicleReading
from grid.enums import ActorKind
from grid.models import AuditEntry, Circuit, Cluster, Community, MeterReading
from pricing.models import BillLine, LoadProfile, Tariff
from scheduling.enums import AlarmKind, RunTrigger, SlotState
from scheduling.models import Alarm, Allotment, FairnessEntry, RebalanceRun, SlotRequest

SESSIONS, VALUES, MESSAGES, COMMANDS = 125_000, 10_000_000, 3_000_000, 1_500_000
MEANS, RUNS, READINGS, AUDITED, CAR_READINGS, ALARMS = 1_000_000, 230_000, 1_000_000, 200_000, 200_000, 20_000
YEARS, MONTH, WEEK, STAY = timedelta(days=1095), timedelta(days=30), timedelta(days=7), timedelta(hours=8)
LARGE, SMALL, SMALL_CLUSTERS = 200, 4, 100
INPUTS = bytes(range(256)) * 6


@dataclass(frozen=True)
class Place:
    connector: Connector
    cluster: Cluster
    driver: Driver
    vehicle: Vehicle


@dataclass(frozen=True)
class Past:
    """A session that is stored: what its other records are about."""

    id: UUID
    place: Place
    begin: datetime
    end: datetime
    energy_wh: int

    @property
    def about(self) -> Row:
        return {"community_id": self.place.cluster.community_id, "session_id": self.id}


def fill(*, now: datetime, scale: float, tell: Callable[[str], object]) -> None:
    """Into a migrated database without rows. `scale` is a part of the whole size; the places are the same for all."""
    places = [*_cluster(0, LARGE, now=now)]
    for number in range(1, SMALL_CLUSTERS + 1):
        places += _cluster(number, SMALL, now=now)
    _open_sessions(places, now=now)
    # Half of the cars are of the large community.
    places += places[:LARGE]

    def count(whole: int) -> int:
        return max(1, int(whole * scale))

    past = list(_past(places, count(SESSIONS), now=now))
    tell(f"{len(past):,} sessions")
    _of_sessions(past)
    recent = [each for each in past if each.begin > now - MONTH]
    older = [each for each in past if each.begin <= now - MONTH]
    tell("means and meter values")
    copy_rows(MeterMean, _means(older, count(MEANS)))
    copy_rows(MeterValue, _values(recent, count(VALUES), now=now))
    tell("OCPP log and commands")
    copy_rows(OcppMessage, _messages(places, count(MESSAGES), now=now))
    copy_rows(ChargerCommand, _commands(places, count(COMMANDS), now=now))
    tell("rebalances, readings, audit")
    clusters = list(Cluster.objects.all())
    copy_rows(RebalanceRun, _runs(clusters, count(RUNS), now=now))
    copy_rows(MeterReading, _readings(count(READINGS), now=now))
    copy_rows(AuditEntry, _audited(clusters, count(AUDITED), now=now))
    copy_rows(VehicleReading, _car_readings(places, count(CAR_READINGS), now=now))
    copy_rows(Alarm, _alarms(clusters, count(ALARMS), now=now))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _cluster(number: int, count: int, *, now: datetime) -> list[Place]:
    community = Community.objects.create(name=f"Years {number}", slug=f"years-{number}")
    cluster = Cluster.objects.create(community=community, name=f"Years {number}")
    limits = {f"limit_l{phase}_ma": 250_000 for phase in (1, 2, 3)}
    circuit = Circuit.objects.create(
        community=community, cluster=cluster, name="Root", has_meter=number < 20, **limits
    )
    tariff = {"valid_from": now - YEARS, "base_price_per_mwh_minor": 32_000}
    Tariff.objects.create(community=community, name="One price", **tariff)
    user = User.objects.create(username=f"manager-{number}", email=f"manager-{number}@years.example")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    Membership.objects.create(community=community, user=user, role=Role.MANAGER)
    return [_place(community, cluster, circuit, f"{number}-{n:03}", now=now) for n in range(count)]


def _place(community: Community, cluster: Cluster, circuit: Circuit, name: str, *, now: datetime) -> Place:
    user = User.objects.create(username=f"driver-{name}")
    Membership.objects.create(community=community, user=user, role=Role.DRIVER)
    driver = Driver.objects.create(community=community, user=user, name=f"Driver {name}")
    IdTag.objects.create(community=community, driver=driver, token=f"YEARS{name}")
    vehicle = Vehicle.objects.create(
        community=community, driver=driver, name=f"Car {name}", battery_wh=60_000
    )
    charge_point = ChargePoint.objects.create(
        community=community, cluster=cluster, identity=f"Y{name}", name=name, connected_at=now, booted_at=now,
        online_until=now + MONTH, connection_id=random_uuid(),
    )  # fmt: skip
    connector = Connector.objects.create(
        community=community, charge_point=charge_point, circuit=circuit, number=1, phase_rotation="RST",
        max_current_ma=16_000, status="Charging",
    )  # fmt: skip
    return Place(connector, cluster, driver, vehicle)


def _past(places: list[Place], count: int, *, now: datetime) -> Iterator[Past]:
    """One after another. By the whole size a place is taken every five days, so stays don't overlap."""
    step = (YEARS - 2 * STAY) / count
    for n in range(count):
        begin = now - YEARS + n * step
        yield Past(random_uuid(), places[n % len(places)], begin, begin + STAY, 5_000 + n % 20_000)


def _of_sessions(past: list[Past]) -> None:
    copy_rows(Session, (_session(n, each) for n, each in enumerate(past)))
    money = {"currency": "EUR"}
    copy_rows(BillLine, (
        {"id": random_uuid(), **each.about, "cluster_id": each.place.cluster.pk, "driver_id": each.place.driver.pk,
         "energy_wh": each.energy_wh, "amount_minor": each.energy_wh * 32 // 1000, "started_at": each.begin,
         "ended_at": each.end, "parts": json.dumps([{"energy_wh": each.energy_wh, "price_per_mwh_minor": 32_000}]),
         **money}
        for each in past
    ))  # fmt: skip
    quarters = json.dumps([300] * 32)
    copy_rows(LoadProfile, (
        {"id": random_uuid(), **each.about, "cluster_id": each.place.cluster.pk, "begins_at": each.begin,
         "ended_at": each.end, "energies_wh": quarters, "at_once_from": each.begin, "at_once_w": 11_000,
         "cost_minor": 300, "at_once_minor": 330}
        for each in past
    ))  # fmt: skip
    copy_rows(FairnessEntry, (
        {"id": random_uuid(), **each.about, "cluster_id": each.place.cluster.pk, "driver_id": each.place.driver.pk,
         "stay_id": random_uuid(), "at": each.end, "wanted_wh": 30_000, "received_wh": each.energy_wh}
        for each in past
    ))  # fmt: skip
    copy_rows(Stay, (
        {"id": random_uuid(), **each.about, "driver_id": each.place.driver.pk, "vehicle_id": each.place.vehicle.pk,
         "confidence_pct": 90, "began_at": each.begin, "ended_at": each.end}
        for each in past
    ))  # fmt: skip
    copy_rows(SlotRequest, (
        {"id": random_uuid(), **each.about, "cluster_id": each.place.cluster.pk, "driver_id": each.place.driver.pk,
         "vehicle_id": each.place.vehicle.pk, "energy_wh": 30_000, "promised_wh": 20_000, "not_before": each.begin,
         "ready_by": each.end, "state": SlotState.FULFILLED.value, "state_since": each.end, "created_at": each.begin}
        for each in past
    ))  # fmt: skip
    said = json.dumps({"code": "words", "facts": {"words": "The car is full."}})
    copy_rows(Notification, (
        {"id": random_uuid(), "community_id": each.place.cluster.community_id, "driver_id": each.place.driver.pk,
         "kind": NotificationKind.CAR_FULL.value, "said": said, "about": str(each.id), "created_at": each.end}
        for each in past
    ))  # fmt: skip


def _session(n: int, past: Past) -> Row:
    place = past.place
    return {
        "id": past.id, "community_id": place.cluster.community_id, "connector_id": place.connector.pk,
        "driver_id": place.driver.pk, "vehicle_id": place.vehicle.pk, "state": SessionState.ENDED.value,
        "state_since": past.end, "plugged_at": past.begin, "stay_id": random_uuid(), "transaction_id": n + 1,
        "id_tag": f"YEARS{place.driver.name[7:]}", "verdict": "Accepted", "started_at": past.begin,
        "charger_started_at": past.begin, "meter_start_wh": n * 1000, "stopped_at": past.end,
        "charger_stopped_at": past.end, "meter_stop_wh": n * 1000 + past.energy_wh, "stop_reason": "EVDisconnected",
        "unplugged_at": past.end, "energy_wh": past.energy_wh, "metered_at": past.end,
    }  # fmt: skip


def _means(past: list[Past], count: int) -> Iterator[Row]:
    each_has = max(1, count // max(1, len(past)))
    for each in past:
        for n in range(each_has):
            at = each.begin + n * timedelta(minutes=5)
            yield {
                "id": random_uuid(), **each.about, "connector_id": each.place.connector.pk, "begins_at": at,
                "span_s": 300, "values": 30, "first_at": at, "first_wh": n * 500, "last_at": at + timedelta(minutes=5),
                "last_wh": n * 500 + 490, "power_w": 6_000, "most_power_w": 7_000, "powers": 30,
                "current_l1_ma": 9_000, "current_l2_ma": 9_000, "current_l3_ma": 9_000, "currents": 30,
            }  # fmt: skip


def _values(past: list[Past], count: int, *, now: datetime) -> Iterator[Row]:
    step = MONTH / count
    for n in range(count):
        at = now - MONTH + n * step
        newest = n * len(past) // count
        each = past[max(0, newest - n % 100)]
        yield {
            "received_at": at, "id": random_uuid(), **each.about, "connector_id": each.place.connector.pk,
            "measured_at": at, "context": "Sample.Periodic", "energy_wh": n, "power_w": 7_700, "current_l1_ma": 11_200,
            "current_l2_ma": 11_100, "current_l3_ma": 11_300,
        }  # fmt: skip


def _messages(places: list[Place], count: int, *, now: datetime) -> Iterator[Row]:
    step = MONTH / count
    kinds = (
        ("StatusNotification", MessageDirection.IN, {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}),
        ("SetChargingProfile", MessageDirection.OUT, {"connectorId": 1, "csChargingProfiles": {"chargingProfileId": 7}}),
        ("GetCompositeSchedule", MessageDirection.OUT, {"connectorId": 1, "duration": 600, "chargingRateUnit": "A"}),
        ("TransactionEvent", MessageDirection.IN, {"eventType": "Updated", "seqNo": 7, "triggerReason": "MeterValue"}),
    )  # fmt: skip
    payloads = [(action, str(way), json.dumps(payload)) for action, way, payload in kinds]
    for n in range(count):
        point = places[n % len(places)].connector.charge_point
        action, way, payload = payloads[n // 3 % len(payloads)]
        yield {
            "charge_point_id": point.pk, "community_id": point.community_id, "at": now - MONTH + n * step,
            "direction": way, "action": action, "unique_id": f"{n:032x}", "payload": payload, "answered_ms": n % 900,
            "error": "NotSupported" if n % 1_000 == 0 else "",
        }  # fmt: skip


def _commands(places: list[Place], count: int, *, now: datetime) -> Iterator[Row]:
    step = MONTH / count
    kinds = (CommandKind.SET_LIMIT.value, CommandKind.READ_LIMIT.value, CommandKind.SET_FALLBACK.value)
    for n in range(count):
        at = now - MONTH + n * step
        connector = places[n % len(places)].connector
        yield {
            # As `ordered_uuid` makes them, by the time that the row tells.
            "id": UUID(int=first_uuid_of(at).int | random_uuid().int & ((1 << 76) - 1)),
            "community_id": connector.community_id, "charge_point_id": connector.charge_point_id,
            "connector_id": connector.pk, "kind": kinds[n // 7 % len(kinds)], "limit_ma": 6_000 + n % 10_000,
            "idempotency_key": f"{n:032x}", "state": CommandState.REJECTED.value if n % 200 == 0 else CommandState.ACCEPTED.value,
            "requested_by": "balancer", "actor_kind": ActorKind.SYSTEM.value, "actor_id": "balancer", "queued_at": at,
            "expires_at": at + timedelta(minutes=1), "sent_at": at, "answered_at": at,
        }  # fmt: skip


def _runs(clusters: list[Cluster], count: int, *, now: datetime) -> Iterator[Row]:
    """A fifth of the last week, the others hourly."""
    young = count // 5
    for n in range(count):
        is_young = n >= count - young
        begin, span, place = (
            (now - WEEK, WEEK, (n - count + young) / young) if is_young else (now - YEARS, YEARS - WEEK, n / count)
        )  # fmt: skip
        cluster = clusters[n % len(clusters)]
        rows = [[str(random_uuid()), None, 16_000, 16_000, 16_000, "bound", None, 0]] * (
            20 if cluster.name == "Years 0" else 3
        )
        names = [
            "connector_id",
            "sent_ma",
            "wanted_ma",
            "held_ma",
            "reserved_ma",
            "reason",
            "circuit_id",
            "phase",
        ]
        yield {
            "id": random_uuid(), "community_id": cluster.community_id, "cluster_id": cluster.pk, "at": begin + span * place,
            "trigger": RunTrigger.BEAT.value, "duration_ms": 20 + n % 50, "inputs_digest": f"{n:064x}",
            "inputs": INPUTS if is_young else b"", "is_hourly": not is_young,
            "decisions": json.dumps({"names": names, "rows": rows}),
        }  # fmt: skip


def _readings(count: int, *, now: datetime) -> Iterator[Row]:
    circuits = list(Circuit.objects.filter(has_meter=True))
    for n in range(count):
        at = now - MONTH + n * (MONTH / count)
        circuit = circuits[n % len(circuits)]
        loads = {f"base_load_l{phase}_ma": 20_000 + n % 9_000 for phase in (1, 2, 3)}
        yield {
            "id": random_uuid(), "community_id": circuit.community_id, "circuit_id": circuit.pk, "measured_at": at,
            "received_at": at, **loads,
        }  # fmt: skip


def _audited(clusters: list[Cluster], count: int, *, now: datetime) -> Iterator[Row]:
    for n in range(count):
        cluster = clusters[n % len(clusters)]
        yield {
            "id": random_uuid(), "community_id": cluster.community_id, "at": now - YEARS + n * (YEARS / count),
            "actor_kind": ActorKind.USER.value, "actor_id": "1", "actor_label": "manager-0", "action": "cluster.edited",
            "target_kind": "cluster", "target_id": str(cluster.pk), "target_label": cluster.name,
            "before": json.dumps({"settle_s": n % 60}), "after": json.dumps({"settle_s": n % 60 + 1}),
        }  # fmt: skip


def _car_readings(places: list[Place], count: int, *, now: datetime) -> Iterator[Row]:
    span = timedelta(days=90)
    for n in range(count):
        vehicle, at = places[n % len(places)].vehicle, now - span + n * (span / count)
        yield {
            "id": random_uuid(), "community_id": vehicle.community_id, "vehicle_id": vehicle.pk, "measured_at": at,
            "received_at": at, "source": "smartcar", "charge_pct": n % 100,
        }  # fmt: skip


def _alarms(clusters: list[Cluster], count: int, *, now: datetime) -> Iterator[Row]:
    kinds: list[Any] = list(AlarmKind.values)
    for n in range(count):
        cluster, at = clusters[n % len(clusters)], now - YEARS + n * (YEARS / count)
        yield {
            "id": random_uuid(), "community_id": cluster.community_id, "cluster_id": cluster.pk, "kind": kinds[n % len(kinds)],
            "about": f"cluster {n}", "name": cluster.name, "began_at": at, "seen_at": at, "kept_at": at, "raised_at": at,
            "ended_at": at + timedelta(hours=1),
        }  # fmt: skip


def _open_sessions(places: list[Place], *, now: datetime) -> None:
    """A third of the places has a car that charges."""
    for number, place in enumerate(places[::3]):
        begin = now - timedelta(hours=2)
        session = Session.objects.create(
            community_id=place.cluster.community_id, connector=place.connector, driver=place.driver, vehicle=place.vehicle,
            state=SessionState.ACTIVE, state_since=begin, plugged_at=begin, started_at=begin, charger_started_at=begin,
            transaction_id=2**30 + number, id_tag="YEARS", verdict="Accepted", meter_start_wh=1, energy_wh=5_000,
            power_w=7_700, current_l1_ma=11_000, current_l2_ma=11_000, current_l3_ma=11_000, metered_at=now, drawn_at=now,
        )  # fmt: skip
        Allotment.objects.create(
            community_id=place.cluster.community_id, connector=place.connector, session=session, running=True,
            wanted_ma=16_000, reason="enough", since=begin, at=now,
        )  # fmt: skip
