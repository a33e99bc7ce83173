import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from drivers.domain.invitations import accept_invitation
from drivers.enums import Role
from drivers.models import Invitation, User
from evbalancer.common.loopback import free_port
from tests.asserts.files import guest_file
from tests.factories.world import NOW, populate
from tests.fakesmtp import REFUSED, mail_server, point_at

ADD = "/admin/drivers/invitation/add/"


@pytest.fixture
def world(db):
    world = populate("SECRETA")
    Invitation.objects.all().delete()
    return world


def test_invited_driver_opens_an_account_with_the_link_that_was_shown(manager, world):
    data = {"community": world.community.pk, "name": "Ada", "email": "ada@example.org", "unit": "Flat 3"}
    response = manager.post(ADD, data)
    (code,) = re.findall(r"<code>http://testserver/invitation/(.+?)</code>", response.content.decode())
    invitation = Invitation.objects.get()
    assert (invitation.invited_by, invitation.community) == (world.manager, world.community)
    user = accept_invitation(code, username="ada", password="vier-Worte-sind-gut", now=invitation.created_at)
    assert user.memberships.get().community == world.community


def test_many_are_invited_from_a_table(manager, world):
    table = "name,email,unit\nAda,ada@example.org,1\nBo,bo@example.org,2"
    assert manager.post(ADD, {"community": world.community.pk, "csv": table}).status_code == 200
    assert sorted(Invitation.objects.values_list("name", flat=True)) == ["Ada", "Bo"]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_many_are_invited_from_a_file(kind, manager, world):
    assert 'enctype="multipart/form-data"' in manager.get(ADD).content.decode()
    data = {"community": world.community.pk, "file": guest_file(kind)}
    assert manager.post(ADD, data).status_code == 200
    rows = Invitation.objects.order_by("name").values_list("name", "email", "unit")
    assert list(rows) == [("Ada", "ada@example.org", "3"), ("Jörg", "jo@example.org", "")]


def test_name_of_a_file_is_shown_in_a_field_of_its_own(manager):
    # The theme's script writes it into the first text field of the third element around the file's.
    page = manager.get(ADD).content.decode()
    shown, chosen = page.index("Choose file to upload"), page.index('type="file"')
    assert page.index('id="id_csv"') < shown < chosen


def test_file_with_a_mistake_is_refused_with_its_row(manager, world):
    data = {"community": world.community.pk, "file": guest_file("xlsx", ("Bo", "nothing", ""))}
    response = manager.post(ADD, data)
    assert response.status_code == 422
    assert "Row 4, column email" in response.content.decode()
    broken = SimpleUploadedFile("list.xlsx", b"PK\x03\x04broken")
    response = manager.post(ADD, {"community": world.community.pk, "file": broken})
    assert (response.status_code, Invitation.objects.count()) == (422, 0)
    assert "The workbook can&#x27;t be read" in response.content.decode()


@pytest.mark.parametrize(
    "given", [{}, {"name": "Ada"}, {"csv": "no,columns\n1,2"}, {"csv": "name,email\nAda,nothing"}]
)
def test_list_with_a_mistake_invites_nobody(given, manager, world):
    assert manager.post(ADD, {"community": world.community.pk, **given}).status_code == 422
    assert not Invitation.objects.exists()


@pytest.mark.promise("S5")
def test_nobody_is_invited_into_another_community(manager):
    other = populate("SECRETB")
    Invitation.objects.all().delete()
    data = {"community": other.community.pk, "name": "Ada", "email": "ada@example.org"}
    assert manager.post(ADD, data).status_code == 422
    assert not Invitation.objects.exists()


def test_invitation_is_revoked_once(manager, world):
    manager.post(ADD, {"community": world.community.pk, "name": "Ada", "email": "ada@example.org"})
    page = reverse("admin:drivers_invitation_revoke", args=[Invitation.objects.get().pk])
    assert manager.post(page).status_code == 302
    assert Invitation.objects.get().revoked_at > NOW
    assert manager.post(page).status_code == 422


def test_mails_that_could_not_be_sent_are_named_with_the_reason_and_their_links(manager, world, settings):
    table = f"name,email\nAda,ada@example.org\nBo,{REFUSED}"
    with mail_server(settings) as kept:
        page = manager.post(ADD, {"community": world.community.pk, "csv": table}).content.decode()
    assert [each["To"] for each in kept] == ["ada@example.org"]
    assert "1 of 2 mails could not be sent" in page
    first = page[page.index("<dt>") :]
    assert first.startswith(f"<dt>Bo, {REFUSED} (the mail could not be sent: 550 No such mailbox here)")
    assert len(re.findall(r"<code>(.+?)</code>", page)) == 2


def test_mail_server_that_is_away_keeps_nobody_from_being_invited(manager, world, settings):
    point_at(settings, free_port())
    data = {"community": world.community.pk, "name": "Ada", "email": "ada@example.org"}
    page = manager.post(ADD, data).content.decode()
    assert "could not be sent: Connection refused" in page
    assert Invitation.objects.count() == 1


def test_operator_invites_a_manager_and_a_manager_does_not(manager, world, client):
    data = {"community": world.community.pk, "role": "manager", "name": "Ada", "email": "ada@example.org"}
    assert manager.post(ADD, data).status_code == 422
    assert not Invitation.objects.exists()
    client.force_login(User.objects.create_superuser("operator-x", "op@example.org", "correct horse battery"))
    assert client.post(ADD, data).status_code == 200
    assert Invitation.objects.get().role == Role.MANAGER
