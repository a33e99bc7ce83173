import pytest
from django.utils import timezone

from drivers.domain.drivers import authorize_tag
from drivers.enums import IdTagKind
from grid.models import AuditEntry
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, IdTagFactory, manager_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def card():
    return IdTagFactory(token="04A1B2C3")


@pytest.fixture
def client(card):
    return client_of(card.driver.user)


def test_own_cards_are_listed_by_their_end_and_the_apps_is_not(client, card):
    IdTagFactory(driver=card.driver, kind=IdTagKind.APP)
    IdTagFactory(driver=DriverFactory(community=card.community))
    [row] = client.get("/drivers/cards").json()["results"]
    assert (row["id"], row["card"], row["name"], row["blocked_at"]) == (str(card.pk), "…C3", "", None)


def test_a_lost_card_is_refused_at_once_and_the_second_report_changes_nothing(client, card):
    path = f"/drivers/cards/{card.pk}/lost"
    first = client.post(path).json()["blocked_at"]
    assert first is not None
    assert client.post(path).json()["blocked_at"] == first
    assert authorize_tag(card.community_id, card.token, now=timezone.now()).status == "Blocked"
    assert AuditEntry.objects.filter(action="idtag.reported_lost").count() == 1


def test_a_card_has_the_name_that_its_driver_gives_it(client, card):
    path = f"/drivers/cards/{card.pk}"
    assert client.patch(path, {"name": " Key ring "}, format="json").json()["name"] == "Key ring"
    assert client.patch(path, {"name": "x" * 41}, format="json").status_code == 400
    assert client.patch(path, {"token": "FFFFFFFF"}, format="json").status_code == 400
    card.refresh_from_db()
    assert (card.name, card.token) == ("Key ring", "04A1B2C3")
    assert client.patch(path, {"name": ""}, format="json").json()["name"] == ""


def test_cards_of_others_do_not_exist_not_even_for_managers(card):
    for user in (DriverFactory(community=card.community).user, manager_of(card.community)):
        other = client_of(user)
        assert other.get("/drivers/cards").json()["results"] == []
        assert_problem(other.post(f"/drivers/cards/{card.pk}/lost"), 404, "not_found")
    card.refresh_from_db()
    assert card.blocked_at is None
