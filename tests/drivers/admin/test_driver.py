import re

import pytest
from django.urls import reverse
from django.utils import timezone

from drivers.domain.drivers import authorize_tag
from drivers.domain.notifications import send_due_mails
from drivers.enums import Role
from drivers.models import Driver, IdTag, Preference, User
from evbalancer.life.people.form import form_data
from grid.models import AuditEntry
from tests.factories.drivers import DriverFactory, IdTagFactory, MembershipFactory
from tests.factories.world import populate


def test_account_is_opened_and_its_password_shown_once(manager, world, client):
    driver = Driver.objects.create(community=world.community, name="New neighbour")
    page = reverse("admin:drivers_driver_open_account", args=[driver.pk])
    response = manager.post(page, {"username": "neighbour"})
    name, password = re.findall(r"<code>(.+?)</code>", response.content.decode())
    driver.refresh_from_db()
    assert (name, driver.user.username) == ("neighbour", "neighbour")
    assert driver.user.check_password(password)
    assert (driver.user.is_staff, driver.user.memberships.get().role) == (False, "driver")
    assert AuditEntry.objects.get(action="driver.account_opened").after == {"username": "neighbour"}
    assert manager.post(page, {"username": "second"}).status_code == 422


def test_name_that_somebody_has_is_refused(manager, world):
    driver = Driver.objects.create(community=world.community, name="New neighbour")
    page = reverse("admin:drivers_driver_open_account", args=[driver.pk])
    users = User.objects.count()
    assert manager.post(page, {"username": world.manager.username}).status_code == 422
    assert User.objects.count() == users


def test_card_that_the_community_has_is_refused_whatever_its_case(manager, world):
    other = IdTagFactory(driver=world["drivers.Driver"], token="ABCD12")
    page = reverse("admin:drivers_idtag_add")
    data = form_data(manager.get(page)) | {"driver": [str(world["drivers.Driver"].pk)], "token": ["abcd12"]}
    assert manager.post(page, data).status_code == 200
    assert list(IdTag.objects.filter(token__iexact="abcd12")) == [other]


def test_cards_are_masked_in_the_list(manager, world):
    IdTagFactory(driver=world["drivers.Driver"], token="04A3F1B2C3")
    body = manager.get(reverse("admin:drivers_idtag_changelist")).content.decode()
    assert "04A3F1B2C3" not in body
    assert "…C3" in body


def test_account_of_another_community_can_not_be_given_to_a_driver(manager, world):
    stranger = populate("SECRETB").driver_user
    driver = world["drivers.Driver"]
    page = reverse("admin:drivers_driver_change", args=[driver.pk])
    manager.post(page, form_data(manager.get(page)) | {"user": [str(stranger.pk)]})
    assert Driver.objects.get(pk=driver.pk).user_id == driver.user_id


@pytest.mark.promise("S8")
@pytest.mark.parametrize("linked", [False, True])
def test_manager_can_not_link_a_driver_to_another_account(manager, world, linked):
    driver = world["drivers.Driver"]
    if not linked:
        Driver.objects.filter(pk=driver.pk).update(user=None)
    was = Driver.objects.get(pk=driver.pk).user
    page = reverse("admin:drivers_driver_change", args=[driver.pk])
    manager.post(page, form_data(manager.get(page)) | {"user": [str(world.manager.pk)], "unit": ["9"]})
    driver.refresh_from_db()
    assert (driver.user, driver.unit) == (was, "9")


@pytest.mark.promise("S8")
def test_driver_is_told_by_mail_who_can_sign_in_as_them(manager, world, mailoutbox):
    driver = Driver.objects.create(community=world.community, name="New neighbour", email="new@example.org")
    Preference.objects.create(community=world.community, driver=driver, mail_kinds=[])
    manager.post(reverse("admin:drivers_driver_open_account", args=[driver.pk]), {"username": "neighbour"})
    assert send_due_mails(now=timezone.now()) >= 1
    [mail] = [mail for mail in mailoutbox if mail.to == ["new@example.org"]]
    assert "neighbour" in mail.body


@pytest.mark.promise("S8")
def test_former_address_is_told_of_the_new_one(
    manager, world, mailoutbox, django_capture_on_commit_callbacks
):
    driver = Driver.objects.create(community=world.community, name="New neighbour", email="new@example.org")
    page = reverse("admin:drivers_driver_change", args=[driver.pk])
    with django_capture_on_commit_callbacks(execute=True):
        manager.post(page, form_data(manager.get(page)) | {"email": ["boss@example.org"]})
    assert [mail.to for mail in mailoutbox] == [["new@example.org"]]


@pytest.mark.promise("S8")
def test_car_is_not_handed_to_another_driver(manager, world):
    car = world["fleet.Vehicle"]
    other = Driver.objects.create(community=world.community, user=world.manager, name="Boss")
    page = reverse("admin:fleet_vehicle_change", args=[car.pk])
    manager.post(page, form_data(manager.get(page)) | {"driver": [str(other.pk)], "name": ["Renamed"]})
    was = car.driver_id
    car.refresh_from_db()
    assert (car.driver_id, car.name) == (was, "Renamed")


def test_second_same_card_is_refused_in_words_that_name_its_driver(manager, world):
    IdTagFactory(driver=world["drivers.Driver"], token="ABCD12")
    page = reverse("admin:drivers_idtag_add")
    data = form_data(manager.get(page)) | {"driver": [str(world["drivers.Driver"].pk)], "token": ["abcd12"]}
    answer = manager.post(page, data).content.decode()
    assert f"{world['drivers.Driver'].name} has this card. Remove it there first" in answer
    assert "id_tag_once_per_community" not in answer


@pytest.mark.parametrize("how", ["retired", "let out"])
@pytest.mark.parametrize("door", ["card", "driver"])
def test_card_of_a_driver_who_moved_out_is_handed_on(manager, world, how, door):
    gone = DriverFactory(community=world.community, name="Moved out")
    old = IdTagFactory(driver=gone, token="ABCD12")
    if how == "retired":
        Driver.objects.filter(pk=gone.pk).update(retired_at=timezone.now())
    else:
        gone.user.memberships.all().delete()
    heir = world["drivers.Driver"]
    if door == "card":
        page = reverse("admin:drivers_idtag_add")
        data = form_data(manager.get(page)) | {"driver": [str(heir.pk)], "token": ["abcd12"]}
    else:
        page = reverse("admin:drivers_driver_change", args=[heir.pk])
        data = form_data(manager.get(page))
        number = int(data["id_tags-TOTAL_FORMS"][0])
        data |= {
            "id_tags-TOTAL_FORMS": [str(number + 1)],
            f"id_tags-{number}-token": ["abcd12"],
            f"id_tags-{number}-kind": ["rfid"],
        }
    assert manager.post(page, data).status_code == 302
    tag = IdTag.objects.get(token__iexact="abcd12")
    assert (tag.driver, tag.pk == old.pk) == (heir, False)
    handed = AuditEntry.objects.get(action="idtag.handed_on")
    assert handed.before["driver_id"] == str(gone.pk)
    assert authorize_tag(world.community.pk, "ABCD12", now=timezone.now()).driver == heir


def test_list_of_people_says_who_manages(manager, world):
    DriverFactory(community=world.community, name="Only drives")
    both = DriverFactory(community=world.community, name="Drives and manages")
    MembershipFactory(user=both.user, community=world.community, role=Role.MANAGER)
    rows = manager.get(reverse("admin:drivers_driver_changelist")).context["cl"].result_list
    roles = {row.name: row.manages for row in rows}
    assert (roles["Only drives"], roles["Drives and manages"]) == (False, True)
    page = manager.get(reverse("admin:drivers_driver_changelist") + "?q=manages").content.decode()
    assert "Manager" in re.sub(r"\s+", " ", page.split("Drives and manages")[1])
