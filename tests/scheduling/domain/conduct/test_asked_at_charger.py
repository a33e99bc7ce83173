"""Priority asked for at a charger: an emergency by the same rules, once."""

from datetime import timedelta

import pytest

from chargers.models import Session
from scheduling.domain.conduct import asked_at_charger, house_rules
from scheduling.enums import EmergencyState
from scheduling.models import EmergencyRequest
from tests.scheduling.domain.conduct.test_emergencies import NOW, pending, session

__all__ = ["session"]
pytestmark = pytest.mark.django_db


def asked(session, at=NOW):
    row = Session.objects.select_related("driver__community", "vehicle").get(pk=session.pk)
    return asked_at_charger.claim_for(row, now=at)


def test_wish_is_for_what_the_house_grants_without_proof_and_soon(session):
    claim = asked(session)
    most_wh = house_rules.rules_of(session.community).unproven_most_wh
    assert (claim.state, claim.session) == (EmergencyState.ACCEPTED, session)
    assert (claim.energy_wh, claim.needed_by) == (most_wh, NOW + asked_at_charger.SOON)


def test_cars_word_says_how_much_and_until_when(session):
    leaves_at = NOW + timedelta(hours=3)
    session.needs = {
        "mode": "AC",
        "energy_wh": 7_000,
        "departs_at": leaves_at.isoformat(),
        "received_wh": 1_000,
    }
    session.save()
    claim = asked(session)
    assert (claim.energy_wh, claim.needed_by) == (7_000, leaves_at)


def test_wish_is_one_for_ten_minutes_and_beside_an_open_claim_none(session):
    assert asked(session) is not None
    assert asked(session, NOW + timedelta(minutes=9)) is None
    assert asked(session, NOW + timedelta(minutes=11)) is None
    assert EmergencyRequest.objects.count() == 1


def test_manager_decides_where_the_house_wants_one(session):
    pending(session).delete()
    assert asked(session).state == EmergencyState.PENDING


def test_nobody_claims_for_a_car_without_a_driver(session):
    Session.objects.update(driver=None)
    assert asked(session) is None


def test_nobody_claims_with_a_refused_card(session):
    Session.objects.update(verdict="Blocked")
    assert asked(session) is None
