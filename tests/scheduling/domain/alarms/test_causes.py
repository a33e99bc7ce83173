from datetime import timedelta
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chargers.enums import ConnectorStatus
from chargers.models import ChargePoint, Connector
from grid.domain.audit import SYSTEM
from grid.domain.limits import impose_limit
from grid.models import Circuit, TemporaryLimit
from scheduling.domain.alarms import causes
from scheduling.domain.balancing import troubles
from scheduling.domain.picture import places, states
from scheduling.domain.picture.states import PlaceState
from scheduling.enums import AlarmKind
from scheduling.models import RebalanceRun
from tests.evbalancer.dashboard.conftest import House
from tests.factories.chargers import ConnectorFactory
from tests.factories.grid import CircuitFactory


def seen(house: House) -> dict[str, list[str]]:
    """The names by kind."""
    found: dict[str, list[str]] = {}
    for _, judge in causes.JUDGES:
        for cause in judge(house.cluster, now=house.now):
            found.setdefault(str(cause.kind), []).append(cause.name)
    return {kind: sorted(names) for kind, names in found.items()}


def gone(connector: Connector, *, seconds_ago: int) -> None:
    at = connector.charge_point.online_until
    ChargePoint.objects.filter(pk=connector.charge_point_id).update(
        online_until=None, disconnected_at=at and House_now - timedelta(seconds=seconds_ago)
    )


House_now = House.__dataclass_fields__["now"].default


def test_nothing_is_wrong_where_all_is_well_and_it_takes_few_queries(house: House) -> None:
    for number in range(4):
        house.connector(f"A-{number:02}")
    with CaptureQueriesContext(connection) as queries:
        assert seen(house) == {}
    assert len(queries) <= 7


def test_faulted_connector_says_the_makers_words(house: House) -> None:
    house.connector(
        "A-01",
        status=ConnectorStatus.FAULTED,
        error_code="GroundFailure",
        vendor_error="E-17",
        error_info="RCD",
    )
    [cause] = causes.judge_places(house.cluster, now=house.now)
    assert (cause.kind, cause.name) == (AlarmKind.FAULTED, "A-01/1")
    assert cause.said.facts == {"place": "A-01/1", "fault": "GroundFailure (E-17, RCD)"}


def test_charge_point_that_is_faulted_as_a_whole_is_one_cause(house: House) -> None:
    connector = house.connector("A-01")
    ConnectorFactory(circuit=house.panel, charge_point=connector.charge_point, number=2)
    ChargePoint.objects.update(status=ConnectorStatus.FAULTED)
    [cause] = causes.judge_places(house.cluster, now=house.now)
    assert (cause.about, cause.name) == (f"charge_point:{connector.charge_point_id}", "A-01")
    assert cause.said.facts["fault"].code == "alarm.no_fault_code"


def test_offline_counts_planned_and_out_of_service_do_not(house: House) -> None:
    house.connector("A-01", online=False)
    house.connector("A-02")
    house.connector("A-03", online=False, status=ConnectorStatus.UNAVAILABLE)
    planned = house.connector("A-04", online=False)
    ChargePoint.objects.filter(pk=planned.charge_point_id).update(online_until=None, booted_at=None)
    assert seen(house) == {"offline": ["A-01"]}


def test_all_of_a_circuit_at_once_is_one_cause_instead_of_many(house: House) -> None:
    for number in range(3):
        gone(house.connector(f"A-{number:02}"), seconds_ago=60 + 20 * number)
    ConnectorFactory(circuit=house.transformer, charge_point__booted_at=house.now, charge_point__name="T-01",
        charge_point__online_until=house.now + timedelta(minutes=1), fallback_ma=0, fallback_confirmed_at=house.now)  # fmt: skip
    [cause] = causes.judge_places(house.cluster, now=house.now)
    assert (cause.kind, cause.name, cause.said.facts["count"]) == (AlarmKind.CIRCUIT_GONE, "Panel A", 3)
    assert cause.since == house.now - timedelta(seconds=100)


def test_of_a_chain_of_circuits_that_lost_the_same_the_lowest_is_named(house: House) -> None:
    for number in range(2):
        gone(house.connector(f"A-{number:02}"), seconds_ago=60)
    assert seen(house) == {"circuit_gone": ["Panel A"]}


def test_of_two_panels_that_went_together_the_circuit_above_is_named(house: House) -> None:
    other = CircuitFactory(cluster=house.cluster, parent=house.transformer, name="Panel B", kind="panel")
    for number, panel in product(range(2), (house.panel, other)):
        connector = house.connector(f"{panel.name}-{number}")
        Connector.objects.filter(pk=connector.pk).update(circuit=panel)
        gone(connector, seconds_ago=60)
    assert seen(house) == {"circuit_gone": ["Transformer"]}


@pytest.mark.parametrize("apart_s", [91, 3600])
def test_chargers_that_went_one_after_the_other_are_no_fuse(house: House, apart_s: int) -> None:
    gone(house.connector("A-01"), seconds_ago=60)
    gone(house.connector("A-02"), seconds_ago=60 + apart_s)
    assert seen(house) == {"offline": ["A-01", "A-02"]}


def test_one_charger_alone_on_its_circuit_is_offline(house: House) -> None:
    gone(house.connector("A-01"), seconds_ago=60)
    assert seen(house) == {"offline": ["A-01"]}


def test_overdraw_and_refusals_are_the_balancers_notes(house: House) -> None:
    house.connector("A-01", overdraw_ma=20_000, overdrawn_since=house.now)
    session = house.charging("A-02")
    Connector.objects.filter(pk=session.connector_id).update(
        uncontrollable_since=house.now - timedelta(minutes=1), refusals=3
    )
    assert seen(house) == {"overdraw": ["A-01/1"], "limit_refused": ["A-02/1"]}


def test_silent_meter(house: House) -> None:
    Circuit.objects.filter(pk=house.panel.pk).update(has_meter=True)
    assert seen(house) == {"meter_silent": ["Panel A"]}


def test_nobody_balances_after_half_a_minute_and_a_stand_in_is_not_nobody(house: House) -> None:
    assert causes.judge_balancing(house.cluster, now=house.now + timedelta(seconds=29)) == []
    [cause] = causes.judge_balancing(house.cluster, now=house.now + timedelta(seconds=31))
    assert (cause.kind, cause.since) == (AlarmKind.NOBODY_BALANCES, house.now)


def test_rebalance_that_fails_is_nobody_balancing(house: House) -> None:
    troubles.report_failure(house.cluster.pk, ValueError("no"), now=house.now)
    [cause] = causes.judge_balancing(house.cluster, now=house.now)
    assert cause.said.facts == {"cluster": house.cluster.name, "error": "ValueError"}


def test_limit_that_is_not_covered_is_named_once(house: House) -> None:
    house.connector("A-01")
    limit = impose_limit(house.transformer, pct=50, reason="Test", actor=SYSTEM, now=house.now)
    TemporaryLimit.objects.filter(pk=limit.pk).update(uncovered_ma=4_000)
    over = {str(house.transformer.pk): [[50_000] * 3, [20_000] * 3, [0] * 3, [34_000] * 3]}
    RebalanceRun.objects.update(figures=over)
    [cause] = causes.judge_cover(house.cluster, now=house.now)
    assert (cause.about, cause.said.facts["uncovered_ma"]) == (f"limit:{limit.pk}", 4_000)


def test_reservations_above_a_limit_are_seen_as_the_balancer_counted_them(house: House) -> None:
    fits, over = (
        [[63_000] * 3, [0] * 3, [0] * 3, [63_000] * 3],
        [[100_000] * 3, [20_000] * 3, [0] * 3, [80_000, 81_500, 0]],
    )
    RebalanceRun.objects.update(figures={str(house.panel.pk): fits, str(house.transformer.pk): over})
    [cause] = causes.judge_cover(house.cluster, now=house.now)
    assert (cause.name, cause.said.facts["over_ma"]) == ("Transformer", 1_500)


def test_narrow_reading_misses_no_place_that_needs_a_person(house: House) -> None:
    """Each state that a connector can be in, against the whole picture."""
    for number, (status, online, overdraw, stuck) in enumerate(
        product(
            (ConnectorStatus.AVAILABLE, ConnectorStatus.FAULTED),
            (True, False),
            (None, 20_000),
            (None, house.now),
        )
    ):
        connector = house.connector(f"A-{number:02}", online=online)
        Connector.objects.filter(pk=connector.pk).update(
            status=status, overdraw_ma=overdraw, uncontrollable_since=stuck
        )
    here = places.of_cluster(house.cluster)
    rows = list(Connector.objects.select_related("charge_point__cluster", "circuit"))
    whole = places.read_places(rows, places.open_sessions(**here), now=house.now, **here)
    troubled = {
        (place.connector.pk, state)
        for place in whole
        if states.needs_a_person(place, state := states.state_of(place, now=house.now))
        and state is not PlaceState.UNMANAGED
    }
    narrow = {
        (place.connector.pk, state) for place, state in causes._troubled_places(house.cluster, now=house.now)
    }
    assert troubled <= narrow
    assert len(troubled) == 14
