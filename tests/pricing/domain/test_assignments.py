"""Assignments never change the past, and leave no price unclear."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chargers.models import ConnectorGroup
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from pricing.domain.assignments import assign_tariff, remove_assignment, save_assignment
from pricing.errors import AssignmentBegun
from pricing.models import BillingMonth, TariffAssignment
from tests.factories.drivers import DriverGroupFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import TariffFactory

pytestmark = pytest.mark.django_db
# 14:00 in Berlin.
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BY = {"by": SYSTEM, "now": NOW}


@pytest.fixture
def tariff():
    community = CommunityFactory(time_zone="Europe/Berlin")
    return TariffFactory(community=community, name="Night", is_standing=False)


@pytest.fixture
def staff(tariff):
    return DriverGroupFactory(community=tariff.community, name="Staff")


def assign(tariff, target=None, begins_at=NOW, ends_at=None):
    return assign_tariff(tariff, target=target, begins_at=begins_at, ends_at=ends_at, **BY)


def test_assignment_earlier_today_counts_from_now_on(tariff, staff):
    assignment = assign(tariff, staff, begins_at=NOW - HOUR)
    assert (assignment.begins_at, assignment.driver_group, assignment.ends_at) == (NOW, staff, None)
    assert AuditEntry.objects.filter(action="tariff.assigned", target_id=str(assignment.pk)).count() == 1


def test_one_begins_when_the_one_before_ends(tariff, staff):
    assign(tariff, staff, ends_at=NOW + HOUR)
    other = TariffFactory(community=tariff.community, is_standing=False)
    assert assign(other, staff, begins_at=NOW + HOUR).begins_at == NOW + HOUR


@pytest.mark.parametrize(
    ("begins_at", "ends_at", "sentence"),
    [
        (
            NOW + 24 * HOUR,
            None,
            "Staff has Night from 2026-05-01 15:00 to 2026-05-03 14:00. End that first, or begin after it.",
        ),
        (
            NOW,
            NOW + 2 * HOUR,
            "Staff has Night from 2026-05-01 15:00 to 2026-05-03 14:00. End that first, or begin after it.",
        ),
        (NOW + HOUR * 60, NOW + HOUR * 60, "It ends after it begins."),
        (
            datetime(2026, 4, 30, 21, 30, tzinfo=UTC),
            None,
            "2026-04 is billed and closed, so no price can begin in it.",
        ),
        (
            datetime(2025, 12, 1, tzinfo=UTC),
            None,
            "A price can't begin in the past: what was charged by then has its own.",
        ),
    ],
)
def test_assignment_that_is_unclear_or_of_the_past_is_refused(begins_at, ends_at, sentence, tariff, staff):
    BillingMonth.objects.create(community=tariff.community, first_day=date(2026, 4, 1), issued_at=NOW)
    assign(tariff, staff, begins_at=NOW + HOUR, ends_at=NOW + 48 * HOUR)
    with pytest.raises(InvalidInput) as error:
        assign(tariff, staff, begins_at=begins_at, ends_at=ends_at)
    assert str(error.value) == sentence
    assert TariffAssignment.objects.count() == 1


def test_everybody_has_one_assignment_at_a_time_too(tariff):
    assign(tariff)
    with pytest.raises(
        InvalidInput, match=r"Everybody has Night from 2026-05-01 14:00 until further notice\."
    ):
        assign(tariff, begins_at=NOW + 99 * HOUR)


def test_tariff_is_not_assigned_before_it_begins(tariff):
    coming = TariffFactory(
        community=tariff.community, name="May", valid_from=NOW + 2 * HOUR, is_standing=False
    )
    with pytest.raises(InvalidInput, match="May begins on 2026-05-01 16:00: assign it from then on"):
        assign(coming, begins_at=NOW + HOUR)


def test_target_of_another_community_is_refused(tariff):
    with pytest.raises(InvalidInput, match="This belongs to another community"):
        assign(tariff, DriverGroupFactory())


def test_two_targets_are_refused(tariff, staff):
    visitors = ConnectorGroup.objects.create(community=tariff.community, name="Visitors")
    both = TariffAssignment(
        community=tariff.community, tariff=tariff, driver_group=staff, connector_group=visitors, begins_at=NOW
    )
    with pytest.raises(InvalidInput, match="Choose one target at most"):
        save_assignment(both, **BY)


def later(**changes):
    """The only assignment, three hours later and changed."""
    assignment = TariffAssignment.objects.get()
    for name, value in changes.items():
        setattr(assignment, name, value)
    return save_assignment(assignment, by=SYSTEM, now=NOW + 3 * HOUR)


def test_what_has_begun_is_ended_and_not_moved(tariff, staff):
    assign(tariff, staff)
    with pytest.raises(InvalidInput, match="It has begun, so only its end can change"):
        later(begins_at=NOW + 4 * HOUR)
    with pytest.raises(InvalidInput, match="It can't end in the past"):
        later(ends_at=NOW + HOUR)
    assert later(ends_at=NOW + 3 * HOUR).ends_at == NOW + 3 * HOUR
    with pytest.raises(InvalidInput, match="It is over"):
        later(ends_at=None)


def test_what_is_to_come_is_moved_or_taken_back_and_what_has_begun_is_not(tariff, staff):
    assignment = assign(tariff, staff, begins_at=NOW + 5 * HOUR)
    assert later(begins_at=NOW + 6 * HOUR).begins_at == NOW + 6 * HOUR
    with pytest.raises(AssignmentBegun):
        remove_assignment(TariffAssignment.objects.get(), by=SYSTEM, now=NOW + 6 * HOUR)
    made = str(assignment.pk)
    remove_assignment(assignment, **BY)
    assert not TariffAssignment.objects.exists()
    actions = AuditEntry.objects.filter(target_id=made).values_list("action", flat=True)
    assert sorted(actions) == ["tariff.assigned", "tariff.assignment_changed", "tariff.assignment_removed"]
