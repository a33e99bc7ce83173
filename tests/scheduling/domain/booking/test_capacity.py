from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evbalancer.common.units import PhaseMilliamps
from grid.domain import limits
from grid.domain.audit import SYSTEM
from grid.models import Circuit, LoadCurve
from scheduling.domain.booking.capacity import Fill, Ledger, Wish
from tests.factories.grid import CircuitFactory

NOW = datetime(2026, 11, 2, 18, 5, tzinfo=UTC)
QUARTER = NOW.replace(minute=0)
HOUR_S = 3_600
# Of 16 A on one phase at 250 V in a quarter of an hour.
QUARTER_WH = 1_000


def ledger(*room_ma, periods=8, phases=3):
    """One circuit with so much room a phase in every quarter hour, at 250 V."""
    room = np.zeros((1, 3, periods))
    room[0, :phases] = np.array(room_ma or (16_000,) * periods, dtype=float)
    return Ledger(room, paths={"root": [0]}, voltage_v=250, start=QUARTER)


def wish(key="new", energy_wh=1_000, **changes):
    given = {"phases": (0,), "power_phases": 1, "max_ma": 16_000, "start_s": 0, "end_s": 2 * HOUR_S}
    return Wish(**({"key": key, "circuit_id": "root", "energy_wh": energy_wh} | given | changes))


def test_wish_is_filled_as_early_as_it_can_and_says_when_it_is_done():
    fill = ledger().pack([wish(energy_wh=1_500)])["new"]
    assert fill == Fill(1_500, 0, 1_350)


def test_wish_begins_no_earlier_than_its_car_and_ends_with_it():
    fill = ledger().pack([wish(energy_wh=9_000, start_s=450, end_s=1_800)])["new"]
    assert fill == Fill(1_500, 450, 1_800)


def test_earliest_departure_comes_first():
    early, late = wish("b", 2_000, end_s=1_800), wish("a", 2_000)
    fills = ledger().pack([late, early])
    assert (fills["b"].first_s, fills["a"].first_s) == (0, 1_800)


def test_room_below_six_amperes_is_no_room():
    assert ledger(5_999, periods=1).pack([wish()])["new"] == Fill(0.0, None, None)
    assert ledger(6_000, periods=1).pack([wish()])["new"].energy_wh == 375


def test_phases_that_are_loaded_count_and_power_flows_on_those_that_are_known():
    room = ledger(phases=2)
    assert room.pack([wish(phases=(0, 1, 2))])["new"].energy_wh == 0
    # Loads both phases for all we know; the car charges on one.
    fills = room.pack([wish("a", 8_000, phases=(0, 1)), wish("b", phases=(1,))])
    assert (fills["a"].energy_wh, fills["b"].energy_wh) == (8_000, 0)


def test_new_wish_takes_only_what_leaves_the_promises_as_they_were():
    room, promised = ledger(), [wish("a", 3_600, end_s=HOUR_S)]
    early = room.promise(wish(energy_wh=9_000, end_s=HOUR_S), promised)
    later = room.promise(wish(energy_wh=9_000), promised)
    # Beside others nine tenths of the room are counted on, and they are the promise's in the first hour.
    assert early.energy_wh == 0
    assert later.energy_wh == pytest.approx(3_600)
    assert later.first_s == HOUR_S


def test_wish_that_would_leave_earlier_is_made_smaller_until_it_harms_nobody():
    room = ledger(phases=1)
    promised = [wish("a", 6_000)]
    urgent = wish(energy_wh=3_600, end_s=HOUR_S)
    fill = room.promise(urgent, promised)
    assert 0 < fill.energy_wh < 3_600
    beside = Ledger(room.room * 0.9, paths={"root": [0]}, voltage_v=250, start=QUARTER)
    smaller = wish(energy_wh=fill.energy_wh, end_s=HOUR_S)
    assert beside.pack([*promised, smaller])["a"].energy_wh >= 6_000 - 1


def test_room_that_is_kept_for_a_car_is_nobody_elses_until_then():
    room = ledger()
    room.keep("root", (0,), 12_000, until_s=1_000)
    assert room.room[0, 0].tolist() == [4_000] * 2 + [16_000] * 6
    assert room.room[0, 1].tolist() == [16_000] * 8
    room.keep("root", (0,), 90_000, until_s=99 * HOUR_S)
    assert room.room[0, 0].tolist() == [0] * 8


def test_time_alone_holds_full_power_from_coming_to_leaving():
    assert ledger().alone_wh(wish(power_phases=3, end_s=HOUR_S)) == 12_000
    assert ledger().alone_wh(wish(start_s=HOUR_S, end_s=0)) == 0


@pytest.fixture
def root():
    return CircuitFactory(cluster__margin_ma=1_000)


def room_of(root, *, hours=1):
    read = Ledger.of_cluster(root.cluster, now=NOW, until=NOW + timedelta(hours=hours))
    return read, read.room[read._path[root.pk][0], 0].tolist()


@pytest.mark.django_db
def test_ledger_of_a_cluster_begins_with_the_quarter_hour_and_reaches_to_the_end(root):
    read, room = room_of(root)
    assert (read.start, read.periods, room) == (QUARTER, 5, [47_000] * 5)
    assert (read.second(NOW), read.moment(300)) == (300, NOW)


@pytest.mark.django_db
def test_announced_cut_leaves_its_room_from_now_until_it_ends(root):
    limits.impose_limit(
        root, pct=50, reason="Heat", actor=SYSTEM, now=NOW, until=QUARTER + timedelta(minutes=30)
    )
    assert room_of(root)[1] == [23_000] * 2 + [47_000] * 3
    limits.impose_limit(root, pct=25, reason="Heat", actor=SYSTEM, now=NOW)
    assert room_of(root)[1] == [11_000] * 5


@pytest.mark.django_db
def test_building_takes_room_on_every_circuit_above_by_its_curve_or_its_maximum(root):
    Circuit.objects.update(base_load_max_l1_ma=7_000)
    panel = CircuitFactory(cluster=root.cluster, parent=root)
    # In Berlin the quarter hour of 18:00 UTC is the 77th.
    curve = [1_000] * 77 + [9_000] * 19
    LoadCurve.objects.create(community=panel.community, circuit=panel, l1_ma=curve, l2_ma=curve, l3_ma=curve)
    read, room = room_of(root)
    assert room == [39_000] + [31_000] * 4
    assert read.room[read._path[panel.pk][0], 0].tolist() == [46_000] + [38_000] * 4


@pytest.mark.django_db
def test_cut_of_a_circuit_that_was_retired_since_cuts_nothing(root):
    panel = CircuitFactory(cluster=root.cluster, parent=root)
    limits.impose_limit(panel, limit_ma=PhaseMilliamps(0, 0, 0), reason="Repair", actor=SYSTEM, now=NOW)
    Circuit.objects.filter(pk=panel.pk).update(retired_at=NOW)
    assert room_of(root)[1] == [47_000] * 5
