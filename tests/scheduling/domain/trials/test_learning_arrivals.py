from datetime import UTC, date, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector
from evbalancer.common.beside import Beside
from grid.domain import topology
from grid.models import Cluster
from scheduling.domain.balancing import situation
from scheduling.domain.balancing.problem import problem_of
from scheduling.domain.learning.arrivals import expected_arrivals
from scheduling.domain.trials.learning_arrivals import (
    day_weight,
    follow_days,
    learn_all,
    learn_arrivals,
    play_last_days,
)
from scheduling.models import ArrivalForecast
from scheduling.solver.play.live import live_policy
from scheduling.solver.play.scenario import read_scenario
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.grid import CircuitFactory

MONDAY = date(2026, 3, 2)
FIRST = datetime(2026, 3, 2, tzinfo=UTC)
# From, until, kWh: one stays all day, one leaves at noon, and one comes when that one leaves.
ALL_DAY, MORNING, AFTERNOON = (8, 16, 30), (8, 12, 28), (12, 16, 28)


def day(*cars):
    """A site that carries one car at full power."""
    return read_scenario(
        {
            "period_s": 900,
            "n_periods": 96,
            "nodes": [{"id": "root", "parent": None, "limit_kw": 7.4}],
            "chargers": [
                {"id": f"c{n}", "node": "root", "max_kw": 7.36, "min_kw": 1.38, "phases": 1} for n in range(3)
            ],
            "sessions": [
                {
                    "id": f"s{n}",
                    "charger": f"c{n}",
                    "arrive_s": begin * 3600,
                    "depart_s": end * 3600,
                    "energy_kwh": kwh,
                    "max_kw": 7.36,
                }
                for n, (begin, end, kwh) in enumerate(cars)
            ],
        }
    )


def days(*each):
    return {MONDAY + timedelta(days=number): one for number, one in enumerate(each)}


def test_planning_for_who_comes_at_noon_helps_who_stays_all_day():
    played = play_last_days(days(*[day(ALL_DAY, MORNING, AFTERNOON)] * 14), live_policy())
    assert played is not None
    assert played.helps
    assert played.worst_with > played.worst_without + 0.1
    assert played.energy_with == pytest.approx(played.energy_without, abs=0.001)


def test_forecast_of_cars_that_come_no_more_hurts_and_is_seen_to():
    usual, since = day(ALL_DAY, MORNING, AFTERNOON), day(ALL_DAY, MORNING)
    played = play_last_days(days(*[usual] * 11, *[since] * 3), live_policy())
    assert played is not None
    assert not played.helps
    assert played.energy_with < played.energy_without


def test_nothing_is_played_without_cars():
    assert play_last_days(days(*[day()] * 14), live_policy()) is None


def test_same_weekday_and_recent_days_say_most():
    weights = [
        day_weight(MONDAY + timedelta(days=back), MONDAY + timedelta(days=14)) for back in (7, 0, 11, 13)
    ]
    last_monday, monday_before, friday, sunday = weights
    assert last_monday > monday_before > friday > sunday > 0
    assert monday_before / last_monday == pytest.approx(0.5 ** (7 / 21))


# In the database


@pytest.fixture
def site(db):
    """Three connectors on one phase of 32 A, on which the same three cars charged for two weeks."""
    circuit = CircuitFactory(limit_l1_ma=32_000, limit_l2_ma=32_000, limit_l3_ma=32_000)
    circuit.cluster.community.time_zone = "UTC"
    circuit.cluster.community.save()
    connectors = [
        ConnectorFactory(circuit=circuit, phase_rotation="R", max_current_ma=32_000) for _ in range(3)
    ]
    for number in range(14):
        for connector, car in zip(connectors, (ALL_DAY, MORNING, AFTERNOON), strict=True):
            came(connector, *car, on=FIRST + timedelta(days=number))
    return circuit


def came(connector, begin, end, kwh, *, on):
    began_at, left_at = on + timedelta(hours=begin), on + timedelta(hours=end)
    return SessionFactory(
        connector=connector,
        state=SessionState.ENDED,
        plugged_at=began_at,
        started_at=began_at,
        stopped_at=left_at,
        unplugged_at=left_at,
        energy_wh=kwh * 1000,
    )


TODAY = FIRST + timedelta(days=14, hours=9)


def expected(circuit, now=TODAY):
    cluster = Cluster.objects.select_related("community").get(pk=circuit.cluster_id)
    return expected_arrivals(cluster, topology.read_tree(cluster), now=now)


def test_who_usually_comes_later_is_expected(site):
    learn_arrivals(site.cluster, now=TODAY)
    forecast = ArrivalForecast.objects.get()
    assert (forecast.is_used, forecast.days, forecast.days_played) == (True, 14, 3)
    [noon, *tomorrow] = expected(site)
    assert (noon.circuit_id, noon.arrive_s, noon.depart_s) == (str(site.pk), 3 * 3600, 7 * 3600)
    assert noon.remaining_wh == pytest.approx(28_000, rel=0.01)
    # Until the same hour of the next day.
    assert [each.arrive_s // 3600 for each in tomorrow] == [23, 23]


def test_nothing_is_expected_where_it_does_not_help_or_is_not_wanted(site):
    learn_arrivals(site.cluster, now=TODAY)
    ArrivalForecast.objects.update(is_used=False)
    assert expected(site) == ()
    ArrivalForecast.objects.update(is_used=True)
    Cluster.objects.update(plans_for_arrivals=False)
    assert expected(site) == ()
    assert learn_all(now=TODAY + timedelta(days=1)) == 0


def test_a_week_is_needed_to_learn_from(site):
    learn_arrivals(site.cluster, now=FIRST + timedelta(days=6, hours=9))
    forecast = ArrivalForecast.objects.get()
    assert (forecast.is_used, forecast.days, forecast.worst_with) == (False, 6, None)


def test_learnt_once_a_day_and_watched_in_between(site):
    assert learn_all(now=TODAY) == 1
    assert learn_all(now=TODAY + timedelta(minutes=15)) == 0
    # Nobody has come by nine today, though two usually have.
    assert ArrivalForecast.objects.get().busyness < 0.6
    connector = site.connectors.first()
    came(connector, 8, 9, 30, on=TODAY - timedelta(hours=9))
    learn_all(now=TODAY + timedelta(minutes=30))
    assert 0.6 < ArrivalForecast.objects.get().busyness < 1.0
    assert learn_all(now=TODAY + timedelta(days=1)) == 1


def test_a_forecast_without_flows_is_watched_too(site):
    learn_all(now=TODAY)
    ArrivalForecast.objects.update(flows=[])
    assert not follow_days(site.cluster, now=TODAY + timedelta(minutes=30))
    assert ArrivalForecast.objects.get().flows == []


def test_forecast_outlives_a_circuit_that_is_gone(site):
    learn_arrivals(site.cluster, now=TODAY)
    forecast = ArrivalForecast.objects.get()
    forecast.flows = [[["gone", *row[1:]] for row in flows] for flows in forecast.flows]
    forecast.save()
    assert {each.circuit_id for each in expected(site)} == {str(site.pk)}


def test_balancer_plans_for_who_is_expected_once_somebody_charges(site):
    ArrivalForecast.objects.create(
        community=site.community,
        cluster=site.cluster,
        learned_at=TODAY,
        day=TODAY.date(),
        days=14,
        flows=[[[str(site.pk), 12 * 3600, 16 * 3600, 7_360, 28_000]]],
        is_used=True,
    )

    def problem():
        cluster = Cluster.objects.select_related("community").get(pk=site.cluster_id)
        return problem_of(situation.read_situation(cluster, now=TODAY, beside=Beside(cluster)))

    assert problem().expected == ()
    connector = site.connectors.first()
    Connector.objects.filter(pk=connector.pk).update(fallback_ma=0, status=ConnectorStatus.CHARGING)
    ChargePoint.objects.update(online_until=TODAY + timedelta(hours=1))
    SessionFactory(connector=connector, state=SessionState.ACTIVE, plugged_at=TODAY, started_at=TODAY)
    [noon] = problem().expected
    assert (noon.arrive_s, noon.max_w, noon.remaining_wh) == (3 * 3600, 7_360, 28_000)
