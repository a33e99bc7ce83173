import itertools
from datetime import UTC, datetime, timedelta

import pytest

from chargers.models import MeterValue, Session
from evbalancer.dashboard.live.ahead import expected_building, expected_with_cars
from evbalancer.dashboard.live.curve import HOUR_BUCKET_S, Curve, limit_steps, local_day
from evbalancer.dashboard.live.facts import Facts, gather
from grid.domain import limits
from grid.domain.audit import SYSTEM
from grid.models import LoadCurve, MeterReading
from tests.evbalancer.dashboard.conftest import House
from tests.factories.fleet import VehicleFactory

BUILDING_VA = 13_800
BUCKET_S = 300


def facts_of(house: House, *, later: timedelta = timedelta(0)) -> Facts:
    return gather(house.cluster, now=house.now + later)


def meter(session: Session, at: datetime, energy_wh: int, **fields: object) -> None:
    MeterValue.objects.create(
        received_at=at,
        measured_at=at,
        community_id=session.community_id,
        connector_id=session.connector_id,
        session_id=session.pk,
        energy_wh=energy_wh,
        **fields,
    )


def drive(house: House, *, power_w: int, since: datetime, until: datetime) -> Session:
    """A car that draws `power_w`, metered every 10 s, with a run of the balancer every minute."""
    session = house.charging("A-01", plugged_at=since, started_at=since, charger_started_at=since)
    for second in range(0, int((until - since).total_seconds()) + 1, 10):
        meter(session, since + timedelta(seconds=second), 1_000 + power_w * second // 3600)
    for minute in range(int((until - since).total_seconds()) // 60):
        house.ran(at=since + timedelta(minutes=minute))
    return session


def cars_w(house: House, curve: Curve | None = None, **span: timedelta) -> list[int]:
    facts = facts_of(house, **span)
    return [
        point[2] for point in (curve or Curve(BUCKET_S)).points(facts, since=house.now - timedelta(hours=1))
    ]


def test_curve_is_empty_before_anything_was_recorded(house: House) -> None:
    assert Curve(BUCKET_S).points(facts_of(house), since=house.now - timedelta(hours=1)) == []


def test_curve_takes_the_cars_from_their_registers(house: House) -> None:
    drive(house, power_w=7_200, since=house.now - timedelta(minutes=20), until=house.now)
    points = Curve(BUCKET_S).points(
        facts_of(house, later=timedelta(seconds=30)), since=house.now - timedelta(hours=1)
    )
    ends = [int((house.now - timedelta(minutes=minutes)).timestamp()) for minutes in (15, 10, 5, 0)]
    assert [point[0] for point in points] == ends
    assert {point[1] for point in points} == {BUILDING_VA}
    assert [point[2] for point in points] == pytest.approx([7_200] * 4, rel=0.04)


def test_curve_spreads_what_came_while_a_charger_was_silent(house: House) -> None:
    begin = house.now - timedelta(minutes=20)
    session = drive(house, power_w=3_600, since=begin, until=house.now)
    silent = (begin + timedelta(minutes=5), begin + timedelta(minutes=15))
    MeterValue.objects.filter(
        session_id=session.pk, measured_at__gte=silent[0], measured_at__lt=silent[1]
    ).delete()
    assert cars_w(house, later=timedelta(seconds=30)) == pytest.approx([3_600] * 4, rel=0.04)


def test_curve_leaves_out_quarantined_values(house: House) -> None:
    session = drive(house, power_w=3_600, since=house.now - timedelta(minutes=10), until=house.now)
    meter(session, house.now - timedelta(minutes=7), 9_000_000, quarantine="jump")
    assert max(cars_w(house, later=timedelta(seconds=30))) < 4_000


def test_curve_shows_no_load_of_times_without_a_run(house: House) -> None:
    begin = house.now - timedelta(minutes=20)
    drive(house, power_w=3_600, since=begin, until=house.now)
    house.cluster.runs.filter(at__lt=begin + timedelta(minutes=10)).delete()
    assert len(cars_w(house, later=timedelta(seconds=30))) == 2


def test_curve_of_the_hour_follows_a_cut_within_one_bucket(house: House) -> None:
    """7.2 kW until 40 s before now, then 1.8 kW. A register is read every 10 s, so the first bucket mixes the two."""
    begin = house.now - timedelta(minutes=4)
    session = drive(house, power_w=7_200, since=begin, until=house.now - timedelta(seconds=40))
    house.ran(at=house.now - timedelta(seconds=35))
    register_wh = 1_000 + 7_200 * 200 // 3600
    for second in range(10, 41, 10):
        meter(session, house.now - timedelta(seconds=40 - second), register_wh + 1_800 * second // 3600)
    assert cars_w(house, Curve(HOUR_BUCKET_S), later=timedelta(seconds=20))[-3:] == [7_200, 4_500, 1_800]


def test_curve_has_no_gap_where_a_quiet_balancer_stores_a_run_a_minute(house: House) -> None:
    drive(house, power_w=3_600, since=house.now - timedelta(minutes=4), until=house.now)
    points = Curve(HOUR_BUCKET_S).points(
        facts_of(house, later=timedelta(seconds=20)), since=house.now - timedelta(hours=1)
    )
    steps = {later[0] - sooner[0] for sooner, later in itertools.pairwise(points)}
    assert steps == {HOUR_BUCKET_S}


def test_curve_reads_only_what_is_new(house: House, django_assert_num_queries) -> None:
    curve = Curve(BUCKET_S)
    drive(house, power_w=3_600, since=house.now - timedelta(minutes=10), until=house.now)
    whole = cars_w(house, curve, later=timedelta(seconds=30))
    facts = facts_of(house, later=timedelta(seconds=60))
    with django_assert_num_queries(0):
        again = curve.points(facts, since=house.now - timedelta(hours=1))
    assert [point[2] for point in again] == whole


def test_curve_uses_the_buildings_meter_where_there_is_one(house: House) -> None:
    house.transformer.has_meter = True
    house.transformer.save()
    house.ran(at=house.now - timedelta(minutes=4))
    for seconds, load_ma in ((200, 10_000), (100, 20_000)):
        at = house.now - timedelta(seconds=seconds)
        MeterReading.objects.create(
            community=house.cluster.community,
            circuit=house.transformer,
            measured_at=at,
            received_at=at,
            **{f"base_load_l{phase}_ma": load_ma for phase in (1, 2, 3)},
        )
    points = Curve(BUCKET_S).points(
        facts_of(house, later=timedelta(seconds=30)), since=house.now - timedelta(hours=1)
    )
    assert [point[1] for point in points] == [15_000 * 3 * 230 // 1000]


def test_curve_forgets_what_is_before_its_window(house: House) -> None:
    curve = Curve(BUCKET_S)
    drive(house, power_w=3_600, since=house.now - timedelta(minutes=10), until=house.now)
    assert len(cars_w(house, curve, later=timedelta(seconds=30))) == 2
    later = facts_of(house, later=timedelta(hours=2))
    assert curve.points(later, since=house.now + timedelta(hours=1)) == []


def test_limit_steps_tell_what_was_and_what_is_announced(house: House) -> None:
    begin, end = house.now - timedelta(hours=2), house.now + timedelta(hours=2)
    before = limits.impose_limit(
        house.transformer,
        pct=50,
        reason="Test",
        actor=SYSTEM,
        now=house.now - timedelta(hours=1),
        until=house.now - timedelta(minutes=30),
    )
    ahead = limits.impose_limit(house.transformer, pct=80, reason="Test", actor=SYSTEM, now=house.now)
    steps = limit_steps(facts_of(house), since=begin, until=end)
    assert steps == [
        [int(begin.timestamp()), 69_000],
        [int(before.effective_at.timestamp()), 34_500],
        [int((house.now - timedelta(minutes=30)).timestamp()), 69_000],
        [int(ahead.effective_at.timestamp()), 55_200],
    ]


def test_limit_steps_leave_out_a_cut_that_was_taken_back_in_time(house: House) -> None:
    limit = limits.impose_limit(house.transformer, pct=50, reason="Test", actor=SYSTEM, now=house.now)
    limits.lift_limit(limit, actor=SYSTEM, now=house.now + timedelta(seconds=5))
    begin = house.now - timedelta(hours=1)
    steps = limit_steps(facts_of(house), since=begin, until=house.now + timedelta(hours=1))
    assert steps == [[int(begin.timestamp()), 69_000]]


@pytest.mark.parametrize(("day", "hours"), [((2026, 11, 23), 24), ((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_local_day_is_as_long_as_the_clocks_say(day: tuple[int, int, int], hours: int) -> None:
    begin, end = local_day(datetime(*day, 12, tzinfo=UTC), "Europe/Berlin")
    assert end - begin == timedelta(hours=hours)
    assert begin < datetime(*day, 12, tzinfo=UTC) < end


def test_expected_building_follows_its_curve(house: House) -> None:
    curve = [quarter * 100 for quarter in range(96)]
    LoadCurve.objects.create(
        community=house.cluster.community, circuit=house.transformer, l1_ma=curve, l2_ma=curve, l3_ma=curve
    )
    points = expected_building(facts_of(house), since=house.now, until=house.now + timedelta(minutes=40))
    # 17:00 in UTC is 18:00 in Berlin in winter: quarter hour 72.
    assert [va for _, va in points] == [quarter * 100 * 690 // 1000 for quarter in (72, 73, 74, 74)]
    assert points[0][0] == int(house.now.timestamp())


def test_expected_cars_go_on_until_they_have_their_energy(house: House) -> None:
    session = house.charging("A-01", limit_ma=10_000, charge_pct=90)
    session.vehicle = VehicleFactory(driver=session.driver, battery_wh=34_500)
    session.save()
    points = expected_with_cars(facts_of(house), until=house.now + timedelta(hours=1))
    assert points[0] == [int(house.now.timestamp()), BUILDING_VA + 6_900]
    # 3.45 kWh at 6.9 kW are half an hour.
    ended = [second for second, va in points if va == BUILDING_VA]
    assert min(ended) == int((house.now + timedelta(minutes=30)).timestamp())


def test_expected_cars_that_draw_nothing_now_are_not_expected_to(house: House) -> None:
    house.charging("A-01", power_w=0)
    points = expected_with_cars(facts_of(house), until=house.now + timedelta(hours=1))
    assert {va for _, va in points} == {BUILDING_VA}


def test_expected_cars_stay_below_an_announced_limit(house: House) -> None:
    session = house.charging("A-01", limit_ma=40_000, charge_pct=10)
    session.vehicle = VehicleFactory(driver=session.driver)
    session.save()
    limits.impose_limit(house.transformer, pct=50, reason="Test", actor=SYSTEM, now=house.now)
    points = expected_with_cars(facts_of(house), until=house.now + timedelta(hours=1))
    assert max(va for _, va in points) == 34_500


def test_expected_cars_claim_nothing_that_nobody_knows(house: House) -> None:
    assert expected_with_cars(facts_of(house), until=house.now + timedelta(hours=1)) == []
    house.charging("A-01")
    assert expected_with_cars(facts_of(house), until=house.now + timedelta(hours=1)) == []
