from datetime import timedelta

import pytest
from django.utils import timezone

from drivers.models import Notification, Strike
from grid.models import AuditEntry
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, manager_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def strike():
    driver, now = DriverFactory(), timezone.now()
    return Strike.objects.create(
        community=driver.community,
        driver=driver,
        kind="overstay",
        evidence={"others_waited_s": 3600},
        given_at=now,
        lapses_at=now + timedelta(days=90),
    )


def appeal(strike, user=None, text="I was in hospital"):
    return client_of(user or strike.driver.user).post(
        f"/drivers/strikes/{strike.pk}/appeal", {"text": text}, format="json"
    )


def decide(strike, user, **changes):
    verdict = {"lift": True, "decision": "Shown by a letter"} | changes
    return client_of(user).post(f"/drivers/strikes/{strike.pk}/decide", verdict, format="json")


def test_strike_is_shown_with_its_evidence_appealed_and_lifted(strike):
    assert (
        client_of(strike.driver.user).get(f"/drivers/strikes/{strike.pk}").json()["evidence"]
        == strike.evidence
    )
    assert appeal(strike).json()["appeal"] == "I was in hospital"
    body = decide(strike, manager_of(strike.community)).json()
    assert (body["lifted_at"] is not None, body["decision"]) == (True, "Shown by a letter")
    assert "lifted" in Notification.objects.get().told
    actions = AuditEntry.objects.order_by("at").values_list("action", flat=True)
    assert list(actions) == ["strike.appealed", "strike.lifted"]


def test_strike_is_appealed_once(strike):
    appeal(strike)
    assert_problem(appeal(strike), 409, "state_moved")


def test_strike_that_lapsed_is_not_appealed(strike):
    Strike.objects.update(
        given_at=timezone.now() - timedelta(days=2), lapses_at=timezone.now() - timedelta(days=1)
    )
    assert_problem(appeal(strike), 409, "state_moved")


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
def test_appeal_without_words_is_refused(strike, text):
    assert_problem(appeal(strike, text=text), 400, "invalid")


def test_strike_of_another_driver_is_not_appealed(strike):
    assert_problem(appeal(strike, DriverFactory(community=strike.community).user), 404, "not_found")
    assert_problem(appeal(strike, manager_of(strike.community)), 404, "not_found")


def test_strike_is_decided_by_a_manager_only_and_once(strike):
    assert_problem(decide(strike, strike.driver.user), 403, "permission_denied")
    manager = manager_of(strike.community)
    assert_problem(decide(strike, manager, decision=" "), 400, "invalid")
    decide(strike, manager, lift=False)
    assert_problem(decide(strike, manager), 409, "state_moved")


def test_strikes_are_asked_for_by_driver(strike):
    def told(user, driver):
        rows = client_of(user).get(f"/drivers/strikes?driver={driver.pk}").json()["results"]
        return [(row["id"], row["appeal_decided_at"]) for row in rows]

    neighbour = DriverFactory(community=strike.community)
    assert told(strike.driver.user, strike.driver) == [(str(strike.pk), None)]
    assert told(manager_of(strike.community), neighbour) == []
