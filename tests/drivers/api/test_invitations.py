import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from drivers.enums import Role
from drivers.models import Driver, Invitation, Membership, User
from evbalancer.common.loopback import free_port
from grid.models import AuditEntry
from tests.asserts.files import guest_file
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, MembershipFactory, UserFactory, manager_of
from tests.factories.grid import CommunityFactory
from tests.fakesmtp import point_at

pytestmark = pytest.mark.django_db
GUEST = {"name": "Ada", "email": "ada@example.org", "unit": "3B"}
ACCOUNT = {"username": "ada", "password": "correct horse battery"}


@pytest.fixture
def community():
    return CommunityFactory(name="Maple Court")


@pytest.fixture
def manager(community):
    return client_of(manager_of(community))


def invite(manager, **changes):
    return manager.post("/drivers/invitations", GUEST | changes, format="json")


def accept(token, **changes):
    return APIClient().post("/auth/invitation", ACCOUNT | {"token": token} | changes, format="json")


def test_invitation_opens_an_account_in_one_community(manager, community):
    invited = invite(manager).json()
    assert (invited["mailed"], invited["mail_problem"]) == (True, "")
    assert mail.outbox[0].to == ["ada@example.org"]
    link = re.search(r"http://testserver/invitation/(\S+)", mail.outbox[0].body)
    assert link[1] == invited["token"]
    response = accept(invited["token"])
    assert response.status_code == 201
    me = APIClient().get("/drivers", headers={"Authorization": f"Bearer {response.json()['access']}"}).json()
    assert [(row["name"], row["unit"], row["community_name"]) for row in me["results"]] == [
        ("Ada", "3B", "Maple Court")
    ]
    assert Membership.objects.get(user__username="ada").role == Role.DRIVER
    actions = AuditEntry.objects.order_by("at").values_list("action", flat=True)
    assert list(actions) == ["invitation.sent", "invitation.accepted"]


def test_invitation_token_is_shown_once_and_not_stored(manager):
    invited = invite(manager).json()
    shown = manager.get(f"/drivers/invitations/{invited['id']}").json()
    assert "token" not in shown
    assert not Invitation.objects.filter(token_digest=invited["token"]).exists()


def test_invitation_is_used_once(manager):
    token = invite(manager).json()["token"]
    accept(token)
    assert_problem(accept(token, username="eve"), 404, "not_found")
    assert not User.objects.filter(username="eve").exists()


@pytest.mark.parametrize("token", ["", "x", "0" * 100])
def test_invitation_with_a_wrong_token_opens_nothing(token):
    assert accept(token).status_code in (400, 404)
    assert not Driver.objects.exists()


def test_invitation_lasts_two_weeks(manager):
    token = invite(manager).json()["token"]
    past = timezone.now() - timedelta(days=15)
    Invitation.objects.update(created_at=past, expires_at=past + timedelta(days=14))
    assert_problem(accept(token), 404, "not_found")


def test_invitation_revoked_opens_nothing(manager):
    invited = invite(manager).json()
    assert manager.post(f"/drivers/invitations/{invited['id']}/revoke").json()["revoked_at"] is not None
    assert_problem(accept(invited["token"]), 404, "not_found")
    assert_problem(manager.post(f"/drivers/invitations/{invited['id']}/revoke"), 409, "state_moved")


def test_invitation_sent_again_ends_the_older_one(manager):
    first, second = invite(manager).json(), invite(manager, email="ADA@example.org").json()
    assert_problem(accept(first["token"]), 404, "not_found")
    assert accept(second["token"]).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "1234567890123"}, "password"),
        ({"username": "a b"}, "username"),
        ({"username": "x" * 151}, "username"),
    ],
)
def test_account_with_a_weak_password_or_strange_name_is_refused(manager, changes, field):
    token = invite(manager).json()["token"]
    body = assert_problem(accept(token, **changes), 400, "invalid")
    assert list(body["errors"]) == [field]
    assert accept(token).status_code == 201


def test_account_name_that_is_taken_is_refused_and_the_invitation_stays(manager):
    UserFactory(username="ada")
    token = invite(manager).json()["token"]
    assert_problem(accept(token), 409, "account_exists")
    assert accept(token, username="ada2").status_code == 201


def test_invitations_are_for_managers(community):
    driver = client_of(DriverFactory(community=community).user)
    assert_problem(invite(driver), 403, "permission_denied")


def test_invitation_into_a_foreign_community_does_not_exist(manager):
    assert_problem(invite(manager, community_id=str(CommunityFactory().pk)), 404, "not_found")


def test_manager_of_several_communities_says_into_which(community):
    user = manager_of(community)
    other = MembershipFactory(user=user, role=Role.MANAGER).community
    assert_problem(invite(client_of(user)), 400, "community_needed")
    assert invite(client_of(user), community_id=str(other.pk)).json()["community_id"] == str(other.pk)


def many(manager, text):
    return manager.post("/drivers/invitations/import", {"csv": text}, format="json")


def test_list_invites_everybody_on_it(manager):
    response = many(manager, "\ufeffname,email,unit\r\nAda,ada@example.org,3B\r\nBen,ben@example.org,\r\n")
    assert response.status_code == 201
    assert [(row["name"], row["unit"]) for row in response.json()] == [("Ada", "3B"), ("Ben", "")]
    assert accept(response.json()[1]["token"], username="ben").status_code == 201


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("name,email\nAda,ada@example.org\nBen,nobody", "email"),
        ("name,email\nAda,ada@example.org\nBen,ADA@example.org", "email"),
        ("name,email\n,ada@example.org", "name"),
        ("mail\nada@example.org", "csv"),
        ("name,email\n", "csv"),
        ('name,email\n"Ada', "csv"),
        ("name,email\n" + "A,a@example.org\n" * 1001, "csv"),
    ],
)
def test_list_with_one_wrong_line_invites_nobody(manager, text, field):
    body = assert_problem(many(manager, text), 400, "invalid")
    assert list(body["errors"]) == [field]
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_list_may_be_a_file(manager, kind):
    response = manager.post("/drivers/invitations/import", {"file": guest_file(kind)}, format="multipart")
    assert response.status_code == 201
    assert [(row["name"], row["unit"]) for row in response.json()] == [("Ada", "3"), ("Jörg", "")]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"file": SimpleUploadedFile("list.xlsx", b"PK\x03\x04broken")}, "file"),
        ({"file": SimpleUploadedFile("list.csv", b"")}, "file"),
        ({"csv": "name,email\nAda,ada@example.org"}, "csv"),
        ({}, "file"),
    ],
)
def test_file_that_is_no_list_is_refused(manager, sent, field):
    response = manager.post("/drivers/invitations/import", sent, format="multipart")
    assert field in assert_problem(response, 400, "invalid")["errors"]
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("backend", "problem"), [("smtp", "Connection refused"), ("dummy", "This server sends no mail.")]
)
def test_code_that_was_not_mailed_is_not_called_mailed(manager, settings, backend, problem):
    point_at(settings, free_port())
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    invited = invite(manager).json()
    assert (invited["mailed"], invited["mail_problem"]) == (False, problem)
    assert accept(invited["token"]).status_code == 201


def test_person_with_an_account_joins_a_second_community_with_it(manager, community):
    ada = UserFactory(email="Ada@Example.org")
    token = invite(manager).json()["token"]
    assert_problem(accept(token), 409, "account_exists")
    joined = client_of(ada).post("/auth/invitation/join", {"token": token}, format="json")
    assert joined.status_code == 201
    assert joined.json()["driver_id"] == str(Driver.objects.get(user=ada, community=community).pk)
    again = client_of(ada).post("/auth/invitation/join", {"token": token}, format="json")
    assert_problem(again, 404, "not_found")
    assert User.objects.filter(email__iexact="ada@example.org").count() == 1


def test_manager_invites_no_manager(manager):
    body = assert_problem(invite(manager, role="manager"), 400, "invalid")
    assert body["errors"] == {"role": ["Only an operator of this server invites managers."]}
