import random
from datetime import UTC, datetime, timedelta

import pytest

from drivers.models import Strike
from evbalancer.life.people import app_user
from evbalancer.life.people.asking import Person
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import EmergencyRequest, SlotRequest


@pytest.fixture
def member(garage):
    return garage.place.members[0]


@pytest.fixture
def person(garage, member):
    return Person(garage, member.driver.name, member.user)


@pytest.fixture
def act(person, member):
    """Do something so often, each time with other chances."""

    def do(what, times):
        for number in range(times):
            what(person, member, random.Random(number))

    return do


def test_slots_are_booked_changed_and_given_back(act, told, member):
    act(app_user._book, 10)
    assert SlotRequest.objects.filter(driver=member.driver).count() >= 2
    act(app_user._change, 20)
    assert SlotState.CANCELLED in SlotRequest.objects.values_list("state", flat=True)
    said = " | ".join(told(member.driver.name))
    assert "asks for a slot: 400" in said
    assert "wants to snooze the slot" in said
    assert ": 5" not in said


def test_emergencies_are_claimed_and_taken_back(act, member):
    act(app_user._claim, 3)
    claims = EmergencyRequest.objects.filter(driver=member.driver)
    assert [claim.state for claim in claims] == [EmergencyState.REFUSED] * 3  # no car is there
    claims.filter(pk=claims[0].pk).update(state=EmergencyState.PENDING)
    act(app_user._revoke, 1)
    assert claims.filter(state=EmergencyState.REVOKED).count() == 1


def test_driver_appeals_against_a_strike_once(act, told, member):
    now = datetime.now(UTC)
    Strike.objects.create(
        community=member.driver.community, driver=member.driver, kind="no_show", evidence={}, given_at=now,
        lapses_at=now + timedelta(days=90),
    )  # fmt: skip
    act(app_user._appeal, 2)
    assert told(member.driver.name)[0] == "appeals against a strike"
    assert told(member.driver.name)[1].startswith("appeals against a strike: 409")


def test_nobody_gets_at_what_belongs_to_others(act, told, member, caplog):
    act(app_user._pry, 20)
    said = told(member.driver.name)
    assert len(said) == 20
    assert all(line.endswith(("404 not_found", "403 permission_denied")) for line in said)


def test_every_page_that_drivers_look_at_answers(person):
    assert [page for page in app_user.PAGES if not person.ask("GET", page).is_yes] == []
