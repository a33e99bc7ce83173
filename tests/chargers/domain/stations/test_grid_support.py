"""Faults of the grid that a charge point acts on: one for each control, kept until it says that it is over."""

from datetime import timedelta

import pytest

from chargers.domain.stations import alerts, grid_support
from chargers.models import ChargePoint
from chargers.reports.news import GridControlReport, GridFaultReport
from grid.models import AuditEntry


@pytest.fixture
def note(source, now):
    def note(control, *, after_s=0, **more):
        at = now + timedelta(seconds=after_s)
        report = GridFaultReport(source=source, received_at=at, control=control, charger_at=at, **more)
        grid_support.note_grid_fault(report, now=at)

    return note


def standing(at):
    [charge_point] = grid_support.with_grid_faults()
    return grid_support.standing_faults(charge_point, now=at)


def test_fault_stands_since_it_began_until_its_own_control_is_over_it(note, connector, now):
    note("HVMustTrip", fault="OverVoltage")
    note("LFMustTrip", after_s=5)
    note("HVMustTrip", fault="OverVoltage", after_s=9)
    assert standing(now) == {"OverVoltage": now, "LFMustTrip": now + timedelta(seconds=5)}
    note("HVMustTrip", is_over=True, after_s=20)
    assert standing(now) == {"LFMustTrip": now + timedelta(seconds=5)}
    note("LFMustTrip", is_over=True)
    note("LFMustTrip", is_over=True)
    assert not grid_support.with_grid_faults().exists()
    told = AuditEntry.objects.filter(action=alerts.GRID_FAULT, target_id=str(connector.charge_point_id))
    assert told.count() == 6


def test_fault_of_two_controls_is_one_since_the_first(note, connector, now):
    note("HVMustTrip", fault="OverVoltage", after_s=3)
    note("HVMomCess", fault="OverVoltage")
    assert standing(now) == {"OverVoltage": now}


def test_fault_whose_end_never_came_and_one_of_a_retired_charge_point_stand_no_longer(note, connector, now):
    note("HVMustTrip", fault="OverVoltage")
    assert standing(now + grid_support.HEARD_FOR) == {}
    ChargePoint.objects.update(retired_at=now)
    assert not grid_support.with_grid_faults().exists()


def test_control_that_began_is_shown_with_those_that_it_took_the_place_of(source, connector, now):
    report = GridControlReport(
        source=source, received_at=now, control_id="c-1", charger_at=now, is_started=True, superseded=("c-0",)
    )
    grid_support.note_grid_control(report, now=now)
    row = AuditEntry.objects.get(action=alerts.GRID_CONTROL)
    assert (row.target_id, row.after["is_started"]) == (str(connector.charge_point_id), True)
    assert row.after["superseded"] == ["c-0"]
