"""The demand guard and surplus in a rebalance: what cars are sent under a target of billed power."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from evbalancer.common.beside import Beside
from evbalancer.common.units import PhaseMilliamps
from grid.domain import demand, limits, readings
from grid.domain.audit import SYSTEM
from grid.enums import LimitSource
from grid.models import Circuit, Cluster, DemandInterval, DemandTarget
from scheduling.domain.balancing import situation
from scheduling.domain.balancing.rebalance import share_power
from scheduling.models import BalanceTrouble
from tests.e2e import site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)
QUARTER = NOW.replace(minute=0)


@pytest.fixture
def built() -> site.Built:
    built = site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1))
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.AVAILABLE)
    Circuit.objects.update(base_load_max_l1_ma=0, base_load_max_l2_ma=0, base_load_max_l3_ma=0)
    Cluster.objects.update(margin_ma=0)
    return built


def start(identity: str) -> None:
    connector = Connector.objects.get(charge_point__identity=identity)
    Connector.objects.filter(pk=connector.pk).update(status=ConnectorStatus.CHARGING)
    Session.objects.create(
        community_id=connector.community_id, connector=connector, state=SessionState.ACTIVE, state_since=NOW,
        plugged_at=NOW, started_at=NOW, transaction_id=connector.number + int(identity[1]) * 10,
    )  # fmt: skip


def target(built: site.Built, kilowatts: float, *, used_kw: float = 0, **fields: object) -> DemandTarget:
    """A target that has been there for long, with what the interval has used on average until `NOW`."""
    tenant = {"community": built.cluster.community, "circuit": built.transformer}
    made = DemandTarget.objects.create(**tenant, target_w=int(kilowatts * 1000), **fields)
    DemandTarget.objects.update(since=NOW - timedelta(days=1))
    DemandInterval.objects.create(
        **tenant,
        begin=QUARTER,
        length_s=900,
        target_w=made.target_w,
        used_ws=int(used_kw * 300_000),
        counted_until=NOW,
    )
    return made


def sent_ma() -> dict[str, int]:
    rows = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED)
    return {row.connector.charge_point.identity: row.limit_ma for row in rows}


def seen(built: site.Built) -> situation.Situation:
    cluster = Cluster.objects.select_related("community").get(pk=built.cluster.pk)
    return situation.read_situation(cluster, now=NOW, beside=Beside(cluster))


def test_cars_get_what_keeps_the_interval_at_its_target(built: site.Built) -> None:
    target(built, 4.6, used_kw=4.6)
    start("B1")
    share_power(built.cluster.pk, now=NOW)
    assert sent_ma() == {"B1": 20_000}  # 4.6 kW at 230 V on the one phase that it loads


def test_what_was_not_used_may_be_used_now(built: site.Built) -> None:
    target(built, 4.6)
    start("B1")
    share_power(built.cluster.pk, now=NOW)
    assert sent_ma() == {"B1": 30_000}  # a third of the interval is over, unused


def test_target_that_the_building_breaks_alone_pauses_cars_and_is_said(built: site.Built) -> None:
    target(built, 4.6, used_kw=20)
    start("B1")
    share_power(built.cluster.pk, now=NOW)
    assert sent_ma() == {}
    assert DemandInterval.objects.get().cannot_hold


def test_fallbacks_are_guaranteed_whatever_it_costs(built: site.Built) -> None:
    Connector.objects.update(fallback_ma=6_000, chosen_fallback_ma=6_000)
    target(built, 4.6, used_kw=20)
    start("B1")
    share_power(built.cluster.pk, now=NOW)
    assert seen(built).capacity_ma[built.transformer.pk].l1 == 6_000


def test_target_bounds_what_is_granted_and_not_what_lapses(built: site.Built) -> None:
    target(built, 4.6, used_kw=20)
    now = seen(built)
    assert now.capacity_ma[built.transformer.pk] == (0, 0, 0)
    assert now.lasting_capacity_ma[built.transformer.pk] == (site.TRANSFORMER_MA,) * 3


def test_ratchet_follows_the_highest_peak_of_the_month(built: site.Built) -> None:
    made = target(built, 4.6, used_kw=6.9, ratchet=True)
    for begin, mean_w in ((QUARTER - timedelta(days=1), 6_900), (QUARTER - timedelta(days=9), 20_000)):
        DemandInterval.objects.create(
            community=made.community, circuit=built.transformer, begin=begin, length_s=900, target_w=1,
            used_ws=mean_w * 900, counted_until=begin, finished=True,
        )  # fmt: skip
    start("B1")
    share_power(built.cluster.pk, now=NOW)
    assert sent_ma() == {"B1": 30_000}
    assert demand.month_peaks_w([built.transformer.pk], time_zone="Europe/Berlin", now=NOW) == {
        built.transformer.pk: 6_900
    }


@pytest.mark.parametrize(("gap_s", "used_ws"), [(10, 15_000), (40, 200_000)])
def test_energy_is_counted_as_time_passes_and_at_its_highest_where_nobody_looked(
    built: site.Built, gap_s: int, used_ws: int
) -> None:
    made = target(built, 60)
    DemandInterval.objects.update(load_w=1_000)
    counted = demand.read_recent([made], now=NOW)[built.transformer.pk]
    rows = demand.count_intervals(
        made,
        counted,
        begin=QUARTER,
        load_w=2_000,
        highest_w=5_000,
        target_w=1,
        now=NOW + timedelta(seconds=gap_s),
    )
    assert [each.used_ws for each in rows] == [used_ws]


def test_interval_that_ends_is_finished_and_the_next_one_begins(built: site.Built) -> None:
    made = target(built, 60)
    end = QUARTER + timedelta(minutes=15)
    DemandInterval.objects.update(counted_until=end - timedelta(seconds=5), load_w=1_000, used_ws=0)
    counted = demand.read_recent([made], now=NOW)[built.transformer.pk]
    rows = demand.count_intervals(
        made, counted, begin=end, load_w=1_000, highest_w=9_000, target_w=1, now=end + timedelta(seconds=5)
    )
    assert [(each.begin, each.used_ws, each.finished) for each in rows] == [
        (QUARTER, 5_000, True),
        (end, 5_000, False),
    ]


def feed_in(built: site.Built, load_ma: int) -> None:
    Circuit.objects.filter(pk=built.transformer.pk).update(has_meter=True, spends_surplus=True)
    circuit = Circuit.objects.select_related("cluster").get(pk=built.transformer.pk)
    for ago_s in (125, 70, 10):
        at = NOW - timedelta(seconds=ago_s)
        load = PhaseMilliamps(load_ma, load_ma, load_ma)
        readings.record_reading(circuit, base_load_ma=load, measured_at=at, now=at)


@pytest.mark.parametrize(
    ("source", "capacity_ma"), [(LimitSource.GRID_OPERATOR, 17_500), (LimitSource.MANAGER, 7_500)]
)
def test_surplus_widens_limits_on_import_and_no_others(
    built: site.Built, source: LimitSource, capacity_ma: int
) -> None:
    limits.impose_limit(built.transformer, pct=10, reason="Test", source=source, actor=SYSTEM, now=NOW)
    feed_in(built, -12_223)  # 10 A after the margin
    now = seen(built)
    assert now.capacity_ma[built.transformer.pk].l1 == pytest.approx(capacity_ma, abs=2)
    assert now.lasting_capacity_ma[built.transformer.pk].l1 == 7_500


@pytest.mark.parametrize("rise_ma", [None, 20_000])
def test_what_the_building_may_rise_does_not_take_the_surplus(built: site.Built, rise_ma: int | None) -> None:
    Circuit.objects.filter(pk=built.transformer.pk).update(
        base_load_max_l1_ma=60_000, base_load_max_l2_ma=60_000, base_load_max_l3_ma=60_000, base_load_rise_ma=rise_ma
    )  # fmt: skip
    limits.impose_limit(
        built.transformer, pct=0, reason="Test", source=LimitSource.DEMAND_RESPONSE, actor=SYSTEM, now=NOW
    )
    feed_in(built, -12_223)  # 10 A after the margin
    now = seen(built)
    margin_ma = now.cluster.margin_ma
    assert now.capacity_ma[built.transformer.pk] == (10_000 - margin_ma,) * 3
    # The conductors keep the whole rise free, and later moments know of no surplus.
    assert now.lasting_capacity_ma[built.transformer.pk].l1 == -60_000 - margin_ma


def test_surplus_never_lifts_a_circuit_above_its_permanent_limit(built: site.Built) -> None:
    feed_in(built, -40_000)
    assert seen(built).capacity_ma[built.transformer.pk] == (site.TRANSFORMER_MA,) * 3


def counted(built: site.Built, *moments: datetime) -> dict[datetime, DemandInterval]:
    """Rebalances at these moments, each of which must go through with its billed peak; then what was counted."""
    for moment in moments:
        share_power(built.cluster.pk, now=moment)
        assert not BalanceTrouble.objects.exists()
    return {row.begin: row for row in DemandInterval.objects.all()}


def minute(number: float) -> datetime:
    return QUARTER + timedelta(minutes=number)


def use(built: site.Built, watts: int) -> None:
    """The building takes this much, and no more."""
    each_ma = watts * 1000 // 690
    Circuit.objects.filter(pk=built.transformer.pk).update(
        base_load_max_l1_ma=each_ma, base_load_max_l2_ma=each_ma, base_load_max_l3_ma=each_ma
    )


@pytest.mark.promise("E18")
@pytest.mark.parametrize(("was", "becomes"), [(15, 60), (15, 30), (30, 60), (60, 15), (30, 15), (60, 30)])
def test_interval_length_may_change_within_the_hour(built: site.Built, was: int, becomes: int) -> None:
    made = target(built, 60, interval_min=was)
    DemandInterval.objects.all().delete()
    use(built, 6_900)
    counted(built, *(minute(at) for at in range(50)))
    DemandTarget.objects.filter(pk=made.pk).update(interval_min=becomes, since=minute(50))
    rows = counted(built, *(minute(at) for at in range(50, 62)))
    begin = minute(50 // becomes * becomes)
    row = rows[begin]
    assert (row.length_s, row.finished) == (becomes * 60, True)
    assert row.mean_w == pytest.approx(6_900, rel=0.02)
    peaks = demand.month_peaks_w([built.transformer.pk], time_zone="Europe/Berlin", now=minute(62))
    assert peaks[built.transformer.pk] == pytest.approx(6_900, rel=0.02)


@pytest.mark.promise("E18")
@pytest.mark.parametrize("back_min", [1 / 60, 3, 10, 20, 100])
def test_clock_that_steps_back_counts_the_same_time_once(built: site.Built, back_min: float) -> None:
    target(built, 60)
    DemandInterval.objects.all().delete()
    use(built, 6_900)
    counted(built, *(minute(at) for at in range(-math.ceil(back_min) - 20, 8)))
    rows = counted(built, *(minute(7 - back_min + at) for at in range(math.ceil(back_min) + 12)))
    for row in rows.values():
        assert row.used_ws <= 6_900 * (row.counted_until - row.begin).total_seconds() * 1.02
    now = minute(7 - back_min + math.ceil(back_min) + 11)
    finished = [row for row in rows.values() if row.begin + timedelta(minutes=15) <= now]
    assert all(row.finished for row in finished)
    assert [row.mean_w for row in finished if row.begin >= QUARTER] == pytest.approx([6_900], rel=0.02)


def test_interval_that_was_counted_by_a_fast_clock_is_no_peak_of_the_month(built: site.Built) -> None:
    made = target(built, 60)
    DemandInterval.objects.create(
        community=made.community, circuit=built.transformer, begin=NOW + timedelta(hours=3), length_s=900,
        target_w=1, used_ws=9_000_000, counted_until=NOW + timedelta(hours=4), finished=True,
    )  # fmt: skip
    assert demand.month_peaks_w([built.transformer.pk], time_zone="Europe/Berlin", now=NOW) == {}


def test_two_who_begin_an_interval_at_once_store_one(built: site.Built) -> None:
    made = target(built, 60)
    DemandInterval.objects.all().delete()
    now = QUARTER + timedelta(minutes=1)
    for load_w in (1_000, 2_000):
        demand.store_intervals(
            demand.count_intervals(
                made, (), begin=QUARTER, load_w=load_w, highest_w=load_w, target_w=1, now=now
            )
        )
    assert DemandInterval.objects.get().used_ws == 120_000
