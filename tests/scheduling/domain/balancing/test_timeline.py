from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, DrawSource, SessionState
from chargers.models import ChargePoint, Connector, Session
from evbalancer.common.beside import Beside
from evbalancer.common.units import PhaseMilliamps
from grid.domain import limits
from grid.domain.audit import SYSTEM
from grid.models import Circuit, Cluster
from scheduling.domain.balancing import situation, timeline
from scheduling.models import RebalanceRun
from tests.e2e import site
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def built() -> site.Built:
    built = site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1), connected_at=NOW)
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.AVAILABLE)
    return built


def start(identity: str, **fields: object) -> None:
    connector = Connector.objects.get(charge_point__identity=identity)
    Connector.objects.filter(pk=connector.pk).update(status=ConnectorStatus.CHARGING)
    Session.objects.create(
        community_id=connector.community_id, connector=connector, state=SessionState.ACTIVE, state_since=NOW,
        plugged_at=NOW, started_at=NOW, transaction_id=int(identity[1]), **fields,
    )  # fmt: skip


def figures(built: site.Built) -> dict[str, list[list[int]]]:
    cluster = Cluster.objects.select_related("community").get(pk=built.cluster.pk)
    seen = situation.read_situation(cluster, now=NOW, beside=Beside(cluster))
    named = {str(circuit.pk): circuit.name for circuit in Circuit.objects.all()}
    return {named[pk]: each for pk, each in timeline.count_figures(seen).items()}


def test_measured_cars_and_building_count_on_every_circuit_above(built: site.Built) -> None:
    start(
        "B1", current_l1_ma=7_000, current_l2_ma=0, current_l3_ma=0, power_w=1_610,
        draw_source=DrawSource.CURRENT, drawn_at=NOW, metered_at=NOW,
    )  # fmt: skip
    limit, building, cars, _ = figures(built)["Transformer"]
    assert (limit, building, cars) == ([75_000] * 3, [8_000] * 3, [7_000, 0, 0])
    assert figures(built)["Panel B"][:3] == [[40_000] * 3, [0] * 3, [7_000, 0, 0]]
    assert figures(built)["Panel A"][2] == [0] * 3


def test_car_that_nobody_measures_counts_as_what_it_may_draw(built: site.Built) -> None:
    start("B1")
    # Its charger holds it to a fallback of nothing.
    assert figures(built)["Panel B"][2] == [0] * 3
    Connector.objects.filter(charge_point__identity="B1").update(fallback_ma=None, fallback_confirmed_at=None)
    # Nothing is known of its charger: by its nameplate.
    assert figures(built)["Panel B"][2] == [32_000, 0, 0]


def test_limit_is_the_lowest_that_is_open(built: site.Built) -> None:
    limits.impose_limit(built.transformer, pct=40, reason="Heat", actor=SYSTEM, now=NOW)
    assert figures(built)["Transformer"][0] == [30_000] * 3


def run(circuit: Circuit, at: datetime, *, limit_ma: int, of: Circuit | None = None) -> None:
    each = [[limit_ma] * 3, [2] * 3, [3] * 3, [4] * 3]
    RebalanceRun.objects.create(
        community=circuit.community, cluster=circuit.cluster, at=at, trigger="beat", duration_ms=1,
        inputs_digest="x", decisions={}, figures={str((of or circuit).pk): each},
    )  # fmt: skip


def test_timeline_has_the_runs_of_its_circuit_in_order(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    circuit = CircuitFactory()
    for at, limit_ma in ((NOW, 1), (NOW - 2 * MINUTE, 2), (NOW - 60 * MINUTE, 3), (NOW + MINUTE, 4)):
        run(circuit, at, limit_ma=limit_ma)
    run(circuit, NOW - MINUTE, limit_ma=5, of=CircuitFactory())
    run(CircuitFactory(), NOW - MINUTE, limit_ma=6, of=circuit)
    with django_assert_num_queries(2):
        points = timeline.read_timeline(circuit, since=NOW - 10 * MINUTE, until=NOW)
    assert points == [
        timeline.Point(at, *(PhaseMilliamps(ma, ma, ma) for ma in (limit_ma, 2, 3, 4)))
        for at, limit_ma in ((NOW - 2 * MINUTE, 2), (NOW, 1))
    ]


def test_long_time_is_thinned_to_the_last_run_of_each_part() -> None:
    circuit = CircuitFactory()
    hours = 40  # Parts of ten minutes.
    for minutes in (1, 4, 9, 11):
        run(circuit, NOW + minutes * MINUTE, limit_ma=minutes)
    points = timeline.read_timeline(circuit, since=NOW, until=NOW + hours * 60 * MINUTE)
    assert [point.limit_ma.l1 for point in points] == [9, 11]
