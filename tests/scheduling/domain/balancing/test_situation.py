from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from drivers.models import Driver
from evbalancer.common.beside import Beside
from fleet.enums import ReadingSource
from grid.domain import limits, readings
from grid.domain.audit import SYSTEM
from grid.models import Circuit, Cluster
from scheduling.domain.balancing import situation
from scheduling.domain.balancing.situation import newest_commands
from tests.e2e import site
from tests.factories.fleet import VehicleFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def built() -> site.Built:
    built = site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1), connected_at=NOW)
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.AVAILABLE)
    return built


def read(built: site.Built) -> situation.Situation:
    cluster = Cluster.objects.select_related("community").get(pk=built.cluster.pk)
    return situation.read_situation(cluster, now=NOW, beside=Beside(cluster))


def start(identity: str, **fields: object) -> Session:
    connector = Connector.objects.get(charge_point__identity=identity)
    Connector.objects.filter(pk=connector.pk).update(status=ConnectorStatus.CHARGING)
    return Session.objects.create(
        community_id=connector.community_id, connector=connector, state=SessionState.ACTIVE, state_since=NOW,
        plugged_at=NOW, started_at=NOW, transaction_id=connector.number + int(identity[1]), **fields,
    )  # fmt: skip


def place_of(seen: situation.Situation, identity: str) -> situation.ExposedPlace:
    return next(place for place in seen.places if place.connector.charge_point.identity == identity)


def test_capacity_is_the_limit_less_building_and_margin(built: site.Built) -> None:
    seen = read(built)
    panels = [pk for pk in seen.tree.circuits if pk != built.transformer.pk]
    # 75 A less 8 A of the building and 1 A of margin; the panels have no building of their own.
    assert seen.capacity_ma[built.transformer.pk] == (66_000,) * 3
    assert [seen.capacity_ma[pk] for pk in panels] == [(39_000,) * 3] * 2


def test_announced_limit_counts_at_once(built: site.Built) -> None:
    limits.impose_limit(built.transformer, pct=40, reason="Heat", actor=SYSTEM, now=NOW)
    assert read(built).capacity_ma[built.transformer.pk] == (21_000,) * 3


@pytest.mark.parametrize(("rise_ma", "soon_ma"), [(None, 4_000), (500, 2_500), (9_000, 8_000)])
def test_metered_building_may_rise_before_the_next_look_up_to_its_maximum(
    built: site.Built, rise_ma: int | None, soon_ma: int
) -> None:
    Circuit.objects.filter(pk=built.transformer.pk).update(has_meter=True, base_load_rise_ma=rise_ma)
    built.transformer.refresh_from_db()
    readings.record_reading(
        built.transformer, base_load_ma=(2_000, 2_000, 2_000), measured_at=NOW - SECOND, now=NOW - SECOND
    )
    seen, root = read(built), built.transformer.pk
    assert seen.base_now_ma[root] == (2_000,) * 3
    # A quarter of its 8 A unless said otherwise.
    assert seen.base_ma[root] == (soon_ma,) * 3
    assert (seen.base_most_ma[root], seen.lasting_capacity_ma[root]) == ((8_000,) * 3, (66_000,) * 3)
    assert seen.capacity_ma[root] == (74_000 - soon_ma,) * 3


@pytest.mark.parametrize(
    ("rows", "changes", "is_controllable"),
    [
        (Connector.objects, {}, True),
        (ChargePoint.objects, {"online_until": NOW}, False),
        (Connector.objects, {"fallback_ma": None, "fallback_confirmed_at": None}, False),
        (Connector.objects, {"uncontrollable_since": NOW}, False),
        (Connector.objects, {"status": ConnectorStatus.FAULTED}, False),
        (Connector.objects, {"status": ConnectorStatus.UNAVAILABLE}, False),
        (Connector.objects, {"status": ConnectorStatus.RESERVED}, True),
    ],
)
def test_connector_is_controllable_while_its_charger_hears_and_obeys(
    built: site.Built, rows: object, changes: dict[str, object], is_controllable: bool
) -> None:
    rows.update(**changes)  # type: ignore[attr-defined]
    seen = read(built)
    assert seen.controllable(place_of(seen, "B1")) is is_controllable


@pytest.mark.parametrize(("charge_pct", "room_wh"), [(None, None), (40, 36_000), (100, 0)])
def test_room_of_a_battery_is_by_its_chargers_word(
    built: site.Built, charge_pct: int | None, room_wh: int | None
) -> None:
    driver = Driver.objects.first()
    VehicleFactory(
        driver=driver, battery_wh=60_000, charge_pct=5, charge_at=NOW, charge_source=ReadingSource.SMARTCAR
    )
    session = start("B1", driver=driver, charge_pct=charge_pct)
    seen = read(built)
    assert seen.room_wh.get(session.pk) == room_wh
    assert (session.pk in seen.full) is (charge_pct == 100)


def test_retired_connectors_are_at_no_place_and_the_number_of_queries_is_that_of_one(
    built: site.Built,
    django_assert_max_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    Connector.objects.filter(charge_point__identity="A1").update(retired_at=NOW)
    ChargePoint.objects.filter(identity="A2").update(retired_at=NOW)
    with django_assert_max_num_queries(30) as few:
        assert len(read(built).places) == 8
    for identity in ("A3", "A4", "B1", "B2"):
        start(identity)
    with django_assert_max_num_queries(len(few.captured_queries) + 4):
        running = [place for place in read(built).places if place.running]
    assert len(running) == 4


def test_newest_limit_that_is_on_its_way_is_what_was_asked(built: site.Built) -> None:
    start("B1")
    assert place_of(read(built), "B1").asked_ma is None
    connector = Connector.objects.select_related("charge_point").get(charge_point__identity="B1")
    ChargerCommand.objects.create(
        community_id=connector.community_id,
        charge_point=connector.charge_point,
        connector=connector,
        kind=CommandKind.SET_LIMIT,
        state=CommandState.QUEUED,
        limit_ma=20_000,
        idempotency_key="limit",
        requested_by="test",
        queued_at=NOW - SECOND,
        expires_at=NOW + 60 * SECOND,
    )
    place = place_of(read(built), "B1")
    assert place.asked_ma == 20_000
    kinds = [CommandKind.SET_LIMIT]
    ids = [connector.charge_point_id]
    assert newest_commands(kinds, ids, since=NOW - 2 * SECOND) == {connector.charge_point_id}
    assert newest_commands(kinds, ids, since=NOW - SECOND) == set()
