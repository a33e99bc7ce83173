"""What a manager may not do to anybody: make managers, operators, or people of another community (S8)."""

import pytest
from django.urls import reverse

from drivers.enums import Role
from drivers.models import Membership, User
from evbalancer.life.people.form import form_data
from grid.models import AuditEntry


@pytest.mark.promise("S8")
def test_manager_can_not_change_an_account(worlds, sign_in):
    user = worlds.a.driver_user
    page = reverse("admin:drivers_user_change", args=[user.pk])
    response = sign_in(worlds.a.manager).post(page, {"username": "x", "is_staff": "on", "is_superuser": "on"})
    assert response.status_code == 403
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser) == (False, False)


@pytest.mark.promise("S8")
def test_manager_can_not_set_a_password(worlds, sign_in):
    page = reverse("admin:auth_user_password_change", args=[worlds.a.driver_user.pk])
    assert sign_in(worlds.a.manager).post(page, {"password1": "a", "password2": "a"}).status_code == 403


@pytest.mark.promise("S8")
def test_manager_can_not_make_a_manager(worlds, sign_in):
    client = sign_in(worlds.a.manager)
    data = {"community": worlds.a.community.pk, "user": worlds.a.resident.pk, "role": Role.MANAGER}
    response = client.post(reverse("admin:drivers_membership_add"), data)
    assert response.status_code == 200
    assert not Membership.objects.filter(user=worlds.a.resident, role=Role.MANAGER).exists()


@pytest.mark.promise("S8")
def test_manager_can_not_raise_their_own_membership_elsewhere(worlds, sign_in):
    client = sign_in(worlds.a.manager)
    data = {"community": worlds.b.community.pk, "user": worlds.a.manager.pk, "role": Role.DRIVER}
    client.post(reverse("admin:drivers_membership_add"), data)
    assert list(worlds.a.manager.memberships.values_list("community_id", flat=True)) == [
        worlds.a.community.pk
    ]


@pytest.mark.promise("S8")
def test_manager_can_not_touch_a_managers_membership(worlds, sign_in):
    own = worlds.a.manager.memberships.get()
    client = sign_in(worlds.a.manager)
    assert (
        client.post(reverse("admin:drivers_membership_delete", args=[own.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert (
        client.post(reverse("admin:drivers_membership_change", args=[own.pk]), {"role": "driver"}).status_code
        == 403
    )
    assert Membership.objects.get(pk=own.pk).role == Role.MANAGER


@pytest.mark.promise("S8")
def test_community_of_a_row_is_never_changed(worlds, sign_in):
    driver = worlds.a["drivers.Driver"]
    page = reverse("admin:drivers_driver_change", args=[driver.pk])
    for user in (worlds.a.manager, worlds.operator):
        client = sign_in(user)
        data = form_data(client.get(page)) | {
            "community": [str(worlds.b.community.pk)],
            "name": [f"Moved {user.pk}"],
        }
        assert client.post(page, data).status_code == 302
        driver.refresh_from_db()
        assert (driver.community_id, driver.name) == (worlds.a.community.pk, f"Moved {user.pk}")


def test_operator_makes_a_manager_who_can_then_sign_in(worlds, sign_in):
    data = {"community": worlds.a.community.pk, "user": worlds.a.resident.pk, "role": Role.MANAGER}
    assert sign_in(worlds.operator).post(reverse("admin:drivers_membership_add"), data).status_code == 302
    resident = User.objects.get(pk=worlds.a.resident.pk)
    assert resident.is_staff
    assert sign_in(resident).get("/admin/").status_code == 200
    assert AuditEntry.objects.filter(action="user.admin_access", target_id=str(resident.pk)).count() == 1


def test_manager_who_loses_the_role_loses_the_admin(worlds, sign_in):
    membership = worlds.a.manager.memberships.get()
    page = reverse("admin:drivers_membership_delete", args=[membership.pk])
    assert sign_in(worlds.operator).post(page, {"post": "yes"}).status_code == 302
    assert not User.objects.get(pk=worlds.a.manager.pk).is_staff
    assert sign_in(worlds.a.manager).get("/admin/").status_code == 302


def test_operator_makes_an_account(worlds, sign_in):
    data = {
        "username": "new.person",
        "usable_password": "true",
        "password1": "vier-Worte-sind-gut",
        "password2": "vier-Worte-sind-gut",
    }
    assert sign_in(worlds.operator).post(reverse("admin:drivers_user_add"), data).status_code == 302
    entry = AuditEntry.objects.get(action="user.added")
    assert entry.target_label == "new.person"
    assert entry.after["password"] == "(secret)"


@pytest.mark.promise("S8")
@pytest.mark.parametrize("app", ["admin", "sessions", "token_blacklist", "auth", "contenttypes"])
def test_machinery_is_not_among_the_apps(app, worlds, sign_in):
    for user in (worlds.a.manager, worlds.operator):
        labels = [entry["app_label"] for entry in sign_in(user).get("/admin/").context["available_apps"]]
        assert app not in labels
