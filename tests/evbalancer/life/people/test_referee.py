import random
from datetime import UTC, datetime, timedelta

import pytest

from drivers.models import Strike
from evbalancer.life.people import referee
from evbalancer.life.people.asking import Person
from scheduling.enums import EmergencyState
from scheduling.models import EmergencyRequest


@pytest.fixture
def at_desk(garage):
    return Person(garage, referee.NAME, garage.place.manager)


def test_pending_emergency_is_decided(at_desk, garage, told):
    now = datetime.now(UTC)
    driver = garage.place.members[0].driver
    claim = EmergencyRequest.objects.create(
        community=driver.community, driver=driver, reason="To the hospital", energy_wh=5_000,
        needed_by=now + timedelta(hours=3), state=EmergencyState.PENDING, state_since=now, created_at=now, until=now + timedelta(hours=3),
    )  # fmt: skip
    referee._emergencies(at_desk, random.Random(1))
    claim.refresh_from_db()
    assert claim.state in (EmergencyState.ACCEPTED, EmergencyState.REFUSED)
    assert told(referee.NAME)[0].startswith("decides an emergency: ")


def test_appeal_is_decided_once(at_desk, garage, told):
    now = datetime.now(UTC)
    driver = garage.place.members[0].driver
    Strike.objects.create(
        community=driver.community, driver=driver, kind="no_show", evidence={}, given_at=now,
        lapses_at=now + timedelta(days=90), appeal="I was ill.", appealed_at=now,
    )  # fmt: skip
    referee._appeals(at_desk, random.Random(1))
    referee._appeals(at_desk, random.Random(1))
    assert Strike.objects.get().appeal_decided_at is not None
    assert len(told(referee.NAME)) == 2
    assert ": 409" in told(referee.NAME)[1]


@pytest.mark.parametrize("act", referee.ACTS)
def test_desk_is_empty_where_nothing_is_to_be_decided(act, at_desk, told):
    for number in range(6):
        act(at_desk, random.Random(number))
    assert not any(": 5" in line for line in told(referee.NAME))
