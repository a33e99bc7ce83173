"""Means stand for meter values: no energy is lost, none is counted twice, and what is needed stays as it came."""

import math
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargers.domain.archive.means import Figures, means_ledger, values_ledger
from chargers.domain.archive.registers import read_registers
from chargers.enums import SessionState
from chargers.models import MeterMean, MeterValue, Session
from chargers.models.session import OPEN_STATES
from evbalancer.common.db.batches import LOCKED_S, RowsMoved
from grid.domain.retention.periods import Kept, Periods, read_periods
from grid.domain.retention.rounds import clear_ledger
from grid.models import RetentionMark
from tests.examples import examples
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 9, 1, 18, 0, tzinfo=UTC)
# Values of START are over their time, means of five minutes are not.
NOW = START + timedelta(days=60)
YEARS_LATER = START + timedelta(days=800)


@pytest.fixture
def session():
    return ended_session()


def ended_session():
    return SessionFactory(plugged_at=START, started_at=START, state=SessionState.ENDED, meter_start_wh=1_000)


def store(session, *values, received_at=None, connector=None):
    """(s since START, Wh, more columns)."""
    rows = []
    for offset_s, energy_wh, *more in values:
        at = START + timedelta(seconds=offset_s)
        rows.append(
            MeterValue(
                community=(session or connector).community,
                connector=session.connector if session else connector,
                session=session,
                measured_at=at,
                received_at=received_at or at,
                energy_wh=energy_wh,
                **(more[0] if more else {}),
            )
        )
    MeterValue.objects.bulk_create(rows)


def nobody(session_ids):
    return set()


def clear_values(*, now=NOW, find_needed=nobody):
    RetentionMark.objects.all().delete()
    ledger = values_ledger(read_periods(Kept.METER_VALUES, now=now), find_needed=find_needed)
    return clear_ledger(ledger, now=now, ends_s=math.inf)


def clear_means(*, now=YEARS_LATER):
    RetentionMark.objects.all().delete()
    return clear_ledger(means_ledger(read_periods(Kept.MEANS, now=now)), now=now, ends_s=math.inf)


def test_values_of_five_minutes_become_one_row(session):
    store(
        session,
        (10, 1_100, {"power_w": 6_000, "current_l1_ma": 9_000, "charge_pct": 40}),
        (130, 1_300, {"power_w": 8_000, "current_l1_ma": 11_000}),
        (299, 1_500, {"power_w": None, "charge_pct": 43}),
        (300, 1_501, {}),
    )
    assert clear_values() == 4
    assert not MeterValue.objects.exists()
    first, second = MeterMean.objects.order_by("begins_at")
    assert (first.session, first.connector, first.community) == (
        session,
        session.connector,
        session.community,
    )
    assert (first.begins_at, first.span_s, first.values, first.set_aside) == (START, 300, 3, 0)
    assert (first.first_at, first.first_wh) == (START + timedelta(seconds=10), 1_100)
    assert (first.last_at, first.last_wh) == (START + timedelta(seconds=299), 1_500)
    assert (first.power_w, first.most_power_w, first.powers) == (7_000, 8_000, 2)
    assert (first.current_l1_ma, first.current_l2_ma, first.currents) == (10_000, None, 2)
    assert first.charge_pct == 43
    assert (second.begins_at, second.first_wh, second.last_wh) == (START + timedelta(minutes=5), 1_501, 1_501)


def test_connector_without_a_session_has_means_of_its_own(session):
    store(session, (10, 1_100))
    store(None, (10, 900), connector=session.connector)
    clear_values()
    assert set(MeterMean.objects.values_list("session", "last_wh")) == {(session.pk, 1_100), (None, 900)}


def test_value_that_was_set_aside_is_counted_and_not_believed(session):
    store(session, (10, 1_100), (20, 99_999_999, {"quarantine": "jump", "power_w": 999_999}))
    clear_values()
    mean = MeterMean.objects.get()
    assert (mean.values, mean.set_aside, mean.last_wh, mean.power_w) == (2, 1, 1_100, None)


def test_young_values_stay(session):
    store(session, (10, 1_100), received_at=NOW - timedelta(days=29))
    assert clear_values() == 0
    assert MeterValue.objects.count() == 1


@pytest.mark.parametrize("state", OPEN_STATES)
def test_values_of_a_session_that_is_not_over_stay(session, state):
    store(session, (10, 1_100))
    Session.objects.update(state=state)
    assert clear_values() == 0
    assert RetentionMark.objects.get().kept == 1
    Session.objects.update(state=SessionState.ENDED)
    assert clear_values() == 1


def test_values_that_a_bill_needs_stay_and_others_beside_them_go(session):
    other = ended_session()
    store(session, *((each, 1_000 + each) for each in range(0, 600, 10)))
    store(other, *((each, 1_000 + each) for each in range(5, 605, 10)))
    assert clear_values(find_needed=lambda ids: {session.pk} & set(ids)) == 60
    assert set(MeterValue.objects.values_list("session", flat=True)) == {session.pk}
    assert RetentionMark.objects.get().kept == 60
    assert clear_values() == 60


def test_late_values_join_the_means_that_stand_already(session):
    store(session, (10, 1_100, {"power_w": 6_000}), (250, 1_400, {"power_w": 6_000}))
    clear_values()
    late = {"received_at": NOW}
    store(session, (100, 1_200, {"power_w": 9_000}), (290, 1_450, {"power_w": 9_000}), **late)
    clear_values(now=NOW + timedelta(days=31))
    mean = MeterMean.objects.get()
    assert (mean.first_wh, mean.last_wh, mean.values, mean.power_w) == (1_100, 1_450, 4, 7_500)


def test_means_become_hours_and_late_values_join_those(session):
    store(session, *((minute * 60, 1_000 + minute * 100) for minute in range(0, 90, 4)))
    clear_values()
    assert clear_means(now=START + timedelta(days=700)) == 0
    assert clear_means() > 10
    assert list(MeterMean.objects.order_by("begins_at").values_list("span_s", "first_wh", "last_wh")) == [
        (3_600, 1_000, 6_600),
        (3_600, 7_000, 9_800),
    ]
    store(session, (30 * 60, 4_000), (59 * 60, 6_900), received_at=YEARS_LATER)
    clear_values(now=YEARS_LATER + timedelta(days=31))
    clear_means(now=YEARS_LATER + timedelta(days=31))
    hour = MeterMean.objects.order_by("begins_at").first()
    assert (hour.span_s, hour.values, hour.first_wh, hour.last_wh) == (3_600, 17, 1_000, 6_900)


def test_mean_that_a_late_value_joined_meanwhile_stays_for_the_next_round(session):
    store(session, (10, 1_100))
    clear_values()
    ledger = means_ledger(read_periods(Kept.MEANS, now=YEARS_LATER))
    batch = ledger.find(None, 10)
    store(session, (20, 1_200))
    clear_values()
    with pytest.raises(RowsMoved):
        ledger.clear(batch.rows)


def test_value_that_is_gone_meanwhile_stops_its_batch(session):
    store(session, (10, 1_100), (20, 1_200))
    ledger = values_ledger(read_periods(Kept.METER_VALUES, now=NOW), find_needed=nobody)
    batch = ledger.find(None, 10)
    MeterValue.objects.filter(energy_wh=1_200).delete()
    with pytest.raises(RowsMoved):
        ledger.clear(batch.rows)


def energy_in(registers, begin_s, end_s):
    """Wh that flowed between two moments, as a bill spreads it: evenly between two registers."""

    def at(moment):
        for (from_at, from_wh), (to_at, to_wh) in pairwise(registers):
            if from_at <= moment <= to_at:
                share = (moment - from_at) / (to_at - from_at) if to_at > from_at else 1
                return from_wh + share * (to_wh - from_wh)
        return registers[0][1] if moment < registers[0][0] else registers[-1][1]

    return at(START + timedelta(seconds=end_s)) - at(START + timedelta(seconds=begin_s))


@examples(60)
@given(
    steps=st.lists(st.tuples(st.integers(1, 400), st.integers(0, 900)), min_size=1, max_size=40),
    is_late=st.lists(st.booleans(), min_size=40, max_size=40),
    hours=st.booleans(),
)
def test_energy_of_means_is_that_of_the_values(steps, is_late, hours):
    session = ended_session()
    moment_s, wh, told = 0, 1_000, []
    for after_s, more_wh in steps:
        moment_s, wh = moment_s + after_s, wh + more_wh
        told.append((moment_s, wh))
    late = [each for each, late in zip(told, is_late, strict=False) if late]
    store(session, *(each for each in told if each not in late))
    clear_values()
    if hours:
        clear_means()
    store(session, *late, received_at=NOW)
    clear_values(now=NOW + timedelta(days=31))
    if hours:
        clear_means(now=NOW + timedelta(days=800))
    assert not MeterValue.objects.filter(session=session).exists()
    found = read_registers(session)
    raw = [(START + timedelta(seconds=at_s), wh) for at_s, wh in told]
    # All that flowed, and where a bill may have to part it: the sums by hour differ by what flowed between two registers at most.
    assert (found[0], found[-1]) == (raw[0], raw[-1])
    assert set(found) <= set(raw)
    assert sum(MeterMean.objects.filter(session=session).values_list("values", flat=True)) == len(told)
    means = MeterMean.objects.filter(session=session).order_by("begins_at")
    within_wh = sum(mean.last_wh - mean.first_wh for mean in means)
    between_wh = sum(later.first_wh - earlier.last_wh for earlier, later in pairwise(means))
    assert within_wh + between_wh == raw[-1][1] - raw[0][1]
    span_s = 3_600 if hours else 300
    for begin_s in range(0, moment_s, span_s):
        assert energy_in(found, begin_s, begin_s + span_s) == pytest.approx(
            energy_in(raw, begin_s, begin_s + span_s)
        )


@examples(100)
@given(
    parts=st.lists(
        st.tuples(
            st.integers(0, 3_000),
            st.none() | st.integers(0, 10**6),
            st.none() | st.integers(0, 50_000),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    cut=st.integers(0, 12),
)
def test_it_does_not_matter_which_values_came_together(parts, cut):
    each = [
        Figures.of_value(
            MeterValue(
                id=UUID(int=0),
                measured_at=START + timedelta(seconds=at_s),
                energy_wh=wh,
                power_w=power_w,
                quarantine="jump" if aside else "",
            )
        )
        for at_s, wh, power_w, aside in parts
    ]

    def join(figures):
        total = figures[0]
        for one in figures[1:]:
            total = total.joined(one)
        return total

    whole = join(each)
    halves = [join(half) for half in (each[:cut], each[cut:]) if half]
    joined = join(halves)
    powers_w = [power_w for _, _, power_w, aside in parts if power_w is not None and not aside]
    for figures in (whole, joined):
        assert figures.values == len(parts)
        assert figures.most_power_w == max(powers_w, default=None)
        if powers_w:
            # Each mean is rounded to a watt.
            assert figures.power_w == pytest.approx(sum(powers_w) / len(powers_w), abs=len(parts))
    exact = ("first_at", "first_wh", "last_at", "last_wh", "set_aside", "powers", "charge_pct")
    assert [getattr(whole, name) for name in exact] == [getattr(joined, name) for name in exact]


def test_batches_of_a_long_round_hold_their_locks_for_a_moment_only(session):
    store(session, *((each, 1_000 + each) for each in range(4_000)))
    ledger = values_ledger(Periods({session.community_id: NOW}), find_needed=nobody)
    took_s = []

    def timed(rows):
        began_s = time.thread_time()
        cleared = ledger.clear(rows)
        took_s.append(time.thread_time() - began_s)
        return cleared

    timed_ledger = type(ledger)(ledger.name, ledger.find, timed)
    assert clear_ledger(timed_ledger, now=NOW, ends_s=math.inf) == 4_000
    # By the processor's clock, so that other work on the machine does not count.
    assert sorted(took_s)[int(len(took_s) * 0.9)] < LOCKED_S


def test_connectors_are_not_mixed(session):
    other = ConnectorFactory(charge_point=session.connector.charge_point, number=2)
    store(None, (10, 900), connector=session.connector)
    store(None, (10, 500), connector=other)
    clear_values()
    assert set(MeterMean.objects.values_list("connector", "last_wh")) == {
        (session.connector_id, 900),
        (other.pk, 500),
    }
