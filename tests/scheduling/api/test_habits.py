from datetime import timedelta

import pytest
from django.utils import timezone

from drivers.models import Notification
from scheduling.models import FairnessEntry, Habit
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, manager_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def habit():
    driver = DriverFactory()
    return Habit.objects.create(
        community=driver.community,
        driver=driver,
        takes_share=0.5,
        stays=[
            {
                "at": timezone.now().isoformat(),
                "asked_wh": 40_000,
                "received_wh": 20_000,
                "is_sated": True,
                "had_enough": True,
                "overrun_s": 0,
                "stayed_s": 36_000,
            }
        ],
        updated_at=timezone.now(),
    )


def decide(habit, user, **changes):
    verdict = {"forget": True, "decision": "A cold night"} | changes
    return client_of(user).post(f"/drivers/habits/{habit.pk}/decide", verdict, format="json")


def contest(habit, user, text="My battery was cold"):
    return client_of(user).post(f"/drivers/habits/{habit.pk}/object", {"text": text}, format="json")


def test_driver_reads_what_is_learnt_objects_and_a_manager_forgets_it(habit):
    [row] = client_of(habit.driver.user).get("/drivers/habits").json()["results"]
    assert (row["takes_share"], row["stays"][0]["received_wh"]) == (0.5, 20_000)
    assert contest(habit, habit.driver.user).json()["objection"] == "My battery was cold"
    assert_problem(contest(habit, habit.driver.user), 409, "state_moved")
    assert_problem(decide(habit, habit.driver.user), 403, "permission_denied")
    body = decide(habit, manager_of(habit.community)).json()
    assert (body["takes_share"], body["stays"], body["decision"]) == (1.0, [], "A cold night")
    assert "deleted" in Notification.objects.get().told


def test_objection_needs_words(habit):
    assert_problem(contest(habit, habit.driver.user, text=" "), 400, "invalid")


def test_what_is_learnt_of_a_neighbour_is_not_there(habit):
    neighbour = DriverFactory(community=habit.community).user
    assert client_of(neighbour).get("/drivers/habits").json()["results"] == []
    assert_problem(contest(habit, neighbour), 404, "not_found")
    stranger = manager_of(DriverFactory().community)
    assert_problem(decide(habit, stranger), 404, "not_found")
    assert_problem(contest(habit, manager_of(habit.community)), 404, "not_found")


def test_balance_says_what_is_short_of_the_usual_and_what_wishes_weigh_meanwhile():
    connector, now = ConnectorFactory(), timezone.now()
    short, served = (DriverFactory(community=connector.community) for _ in range(2))
    for driver, received_wh in ((short, 15_000), (served, 24_000)):
        FairnessEntry.objects.create(
            community=connector.community,
            cluster=connector.circuit.cluster,
            driver=driver,
            session=SessionFactory(connector=connector, driver=driver, state="ended", plugged_at=now),
            at=now,
            wanted_wh=30_000,
            received_wh=received_wh,
        )
    [row] = client_of(short.user).get("/drivers/balance").json()
    assert (row["cluster_id"], row["wanted_wh"], row["missed_wh"]) == (
        str(connector.circuit.cluster_id),
        30_000,
        15_000,
    )
    # 15 of 30 kWh were missed, where 21 of 60 are usual.
    assert row["short_wh"] == pytest.approx(4_500, abs=20)
    assert row["weight"] == pytest.approx((((15 + 3.5) / 40 + 0.02) / 0.37) ** 3, rel=0.01)
    [other] = client_of(served.user).get("/drivers/balance").json()
    assert other["short_wh"] == -row["short_wh"]
    assert client_of(DriverFactory().user).get("/drivers/balance").json() == []
    FairnessEntry.objects.update(at=now - timedelta(days=43))
    assert client_of(short.user).get("/drivers/balance").json() == []
