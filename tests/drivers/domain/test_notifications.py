from datetime import UTC, datetime, timedelta
from smtplib import SMTPException

import pytest
from django.core import mail

from drivers.domain import notifications
from drivers.domain.mailing import mail_server
from drivers.enums import NotificationKind
from drivers.models import Driver, Notification, Preference
from evbalancer.common.errors import InvalidInput
from evbalancer.common.words.said import Said
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db
# 23:00 in Berlin.
NIGHT = datetime(2026, 11, 2, 22, 0, tzinfo=UTC)


@pytest.fixture
def driver():
    return DriverFactory(community=CommunityFactory(name="Maple Court"), email="ada@example.org")


def tell(driver, kind=NotificationKind.POWER_CUT, now=NIGHT):
    return notifications.notify_driver(
        driver, kind=kind, said=Said.in_words("Half the power until 20:00"), now=now
    )


def test_notification_is_mailed_once(driver):
    tell(driver)
    assert (notifications.send_due_mails(now=NIGHT), notifications.send_due_mails(now=NIGHT)) == (1, 0)
    [message] = mail.outbox
    assert (message.to, message.subject) == (["ada@example.org"], "Maple Court: Power cut")
    assert Notification.objects.get().mailed_at == NIGHT


def test_notification_of_a_kind_not_wanted_stays_in_the_app(driver):
    notifications.set_preferences(driver, mail_kinds=["car_full"], quiet_from_min=None, quiet_until_min=None)
    assert tell(driver).mail_due_at is None
    assert tell(driver, NotificationKind.CAR_FULL).mail_due_at == NIGHT


@pytest.mark.parametrize(
    ("quiet", "due"),
    [
        ((22 * 60, 7 * 60), datetime(2026, 11, 3, 6, 0, tzinfo=UTC)),
        ((0, 7 * 60), NIGHT),
        ((22 * 60, 23 * 60), NIGHT),
        ((22 * 60, 23 * 60 + 30), NIGHT + timedelta(minutes=30)),
    ],
)
def test_quiet_hours_hold_mail_back_until_their_end(driver, quiet, due):
    kinds = list(NotificationKind.values)
    notifications.set_preferences(driver, mail_kinds=kinds, quiet_from_min=quiet[0], quiet_until_min=quiet[1])
    assert tell(driver).mail_due_at == due


def test_quiet_hours_that_began_yesterday_end_today(driver):
    kinds = list(NotificationKind.values)
    notifications.set_preferences(driver, mail_kinds=kinds, quiet_from_min=22 * 60, quiet_until_min=7 * 60)
    early = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
    assert tell(driver, now=early).mail_due_at == datetime(2026, 11, 3, 6, 0, tzinfo=UTC)


def test_mail_that_is_not_taken_is_tried_again(driver, monkeypatch):
    tell(driver)

    def fail(*_, **__):
        raise SMTPException

    with monkeypatch.context() as patch:
        patch.setattr(mail_server, "send_mail", fail)
        assert notifications.send_due_mails(now=NIGHT) == 0
    assert notifications.send_due_mails(now=NIGHT) == 0
    assert notifications.send_due_mails(now=NIGHT + notifications.TRY_AGAIN) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"mail_kinds": ["weather"]},
        {"push_kinds": ["weather"]},
        {"quiet_from_min": 5},
        {"quiet_from_min": 5, "quiet_until_min": 5},
    ],
)
def test_preferences_that_can_not_be_are_refused(driver, changes):
    values = {"mail_kinds": [], "quiet_from_min": None, "quiet_until_min": None}
    with pytest.raises(InvalidInput):
        notifications.set_preferences(driver, **(values | changes))


def test_preferences_are_read_and_written_over_http(driver):
    client = client_of(driver.user)
    assert client.get("/drivers/preferences").json()["mail_kinds"] == list(NotificationKind.values)
    wish = {"mail_kinds": ["car_full"], "quiet_from_min": 1320, "quiet_until_min": 420}
    unchosen = {
        "push_kinds": list(NotificationKind.values),
        "language": "",
        "shows_amps": False,
        "usual_wh": None,
        "usual_ready_min": None,
    }
    assert client.put("/drivers/preferences", wish, format="json").json() == wish | unchosen
    assert client.get("/drivers/preferences").json() == wish | unchosen
    usual = {"push_kinds": ["standing"], "shows_amps": True, "usual_wh": 12_000, "usual_ready_min": 390}
    assert client.put("/drivers/preferences", wish | usual, format="json").json() == wish | unchosen | usual
    assert client.put("/drivers/preferences", wish, format="json").json() == wish | unchosen | usual
    cleared = client.put("/drivers/preferences", wish | {"usual_wh": None}, format="json").json()
    assert (cleared["usual_wh"], cleared["usual_ready_min"]) == (None, 390)
    assert_problem(client.put("/drivers/preferences", {"mail_kinds": ["x"]}, format="json"), 400, "invalid")


@pytest.mark.parametrize("wrong", [{"usual_wh": 999}, {"usual_wh": 200_001}, {"usual_ready_min": 1_440}])
def test_usual_wish_that_can_not_be_is_refused_over_http(driver, wrong):
    answer = client_of(driver.user).put("/drivers/preferences", {"mail_kinds": []} | wrong, format="json")
    assert_problem(answer, 400, "invalid")


def test_driver_of_two_communities_has_preferences_in_each(driver):
    there = DriverFactory(user=driver.user, community=CommunityFactory(name="Oak Yard"))
    client = client_of(driver.user)
    refused = client.get("/drivers/preferences")
    assert_problem(refused, 400, "community_needed")
    assert list(refused.json()["errors"]) == ["community"]
    assert refused.json()["detail"] == "You charge in several communities: `community` is required."
    path = f"/drivers/preferences?community={there.community_id}"
    assert client.put(path, {"mail_kinds": ["car_full"]}, format="json").json()["mail_kinds"] == ["car_full"]
    assert [row.driver_id for row in Preference.objects.all()] == [there.pk]
    assert_problem(client.get(f"/drivers/preferences?community={driver.pk}"), 404, "not_found")
    assert_problem(client.get("/drivers/preferences?community=x"), 400, "invalid")


def test_notifications_are_read_by_their_driver(driver):
    notification = tell(driver)
    client = client_of(driver.user)
    assert client.post(f"/drivers/notifications/{notification.pk}/read").json()["read_at"] is not None
    stranger = client_of(DriverFactory(community=driver.community).user)
    assert_problem(stranger.post(f"/drivers/notifications/{notification.pk}/read"), 404, "not_found")


def test_driver_is_told_in_the_language_of_their_pages(driver, client):
    client.force_login(driver.user)
    client.post("/language", {"language": "de", "next": "/my"})
    assert Preference.objects.get().mail_kinds == list(NotificationKind.values)
    told = notifications.notify_driver(
        driver, kind=NotificationKind.STANDING, said=Said("suspension.ended"), now=NIGHT
    )
    notifications.send_due_mails(now=NIGHT)
    [message] = mail.outbox
    assert (told.said, message.body) == (Said("suspension.ended"), "Ihre Sperre ist beendet.")
    assert message.subject == "Maple Court: Verstoß oder Einspruch"
    client.post("/language", {"language": "fr", "next": "/my"})
    assert Preference.objects.get().language == "de"


def test_language_is_a_preference_that_stays_when_left_out(driver):
    api = client_of(driver.user)
    body = {"mail_kinds": [], "language": "de"}
    assert api.put("/drivers/preferences", body, format="json").json()["language"] == "de"
    assert api.put("/drivers/preferences", {"mail_kinds": []}, format="json").json()["language"] == "de"
    assert_problem(api.put("/drivers/preferences", body | {"language": "xx"}, format="json"), 400, "invalid")


@pytest.mark.promise("R11")
def test_name_with_a_line_break_stops_nobodys_mail(driver):
    driver.community.name = "Maple\nBcc: everybody@example.org"
    driver.community.save()
    other = DriverFactory(community=CommunityFactory(name="Oak Yard"), email="bob@example.org")
    tell(driver)
    tell(other)
    assert notifications.send_due_mails(now=NIGHT) == 2
    assert sorted(message.subject for message in mail.outbox) == [
        "Maple Bcc: everybody@example.org: Power cut",
        "Oak Yard: Power cut",
    ]


@pytest.mark.promise("R11")
def test_mail_that_can_not_be_written_keeps_no_other_back(driver):
    tell(driver)
    other = DriverFactory(community=CommunityFactory(name="Oak Yard"), email="bob@example.org")
    Driver.objects.filter(pk=driver.pk).update(email="ada\n@example.org")
    tell(other)
    assert notifications.send_due_mails(now=NIGHT) == 1
    assert [message.to for message in mail.outbox] == [["bob@example.org"]]
