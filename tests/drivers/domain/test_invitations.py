from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from drivers.domain import invitations
from drivers.domain.invitations import Guest
from drivers.enums import Role
from drivers.errors import AccountExists, InvitationOver
from drivers.models import Driver, Invitation, Membership, User
from evbalancer.common.errors import InvalidInput, NotFound, StateMoved
from grid.models import AuditEntry
from tests.asserts.files import guest_file
from tests.factories.drivers import DriverFactory, FlatFactory, UserFactory, manager_of
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
ADA = Guest("Ada", "ada@example.org", "3B")
PASSWORD = "correct horse battery"


@pytest.fixture
def community():
    return CommunityFactory(name="Maple Court")


@pytest.fixture
def manager(community):
    return manager_of(community)


def invite(community, manager, *guests, now=NOW):
    return invitations.invite_guests(community, list(guests or [ADA]), by=manager, now=now)


def accept(invited, username="ada", password=PASSWORD, now=NOW):
    return invitations.accept_invitation(invited.token, username=username, password=password, now=now)


def test_invitation_lasts_to_the_end_of_its_two_weeks_and_no_longer(community, manager):
    first, second = invite(community, manager, ADA, Guest("Bo", "bo@example.org"))
    end = NOW + timedelta(days=14)
    with pytest.raises(NotFound):
        accept(first, now=end)
    assert accept(second, "bo", now=end - timedelta(seconds=1)).email == "bo@example.org"


def test_accepted_invitation_makes_account_member_and_driver(community, manager):
    [invited] = invite(community, manager)
    user = accept(invited)
    driver = Driver.objects.get()
    assert (driver.user, driver.name, driver.unit, driver.email) == (user, "Ada", "3B", "ada@example.org")
    assert user.check_password(PASSWORD)
    assert Membership.objects.get(user=user).role == Role.DRIVER
    row = Invitation.objects.get()
    assert (row.driver, row.accepted_at) == (driver, NOW)
    assert AuditEntry.objects.get(action="invitation.accepted").actor_id == str(user.pk)


def test_second_acceptance_and_a_revoked_one_open_nothing(community, manager):
    used, revoked = invite(community, manager, ADA, Guest("Bo", "bo@example.org"))
    accept(used)
    invitations.revoke_invitation(revoked.invitation, by=manager, now=NOW)
    for each in (used, revoked):
        with pytest.raises(NotFound):
            accept(each, "eve")
        with pytest.raises(StateMoved):
            invitations.revoke_invitation(each.invitation, by=manager, now=NOW)
    assert not User.objects.filter(username="eve").exists()


def test_new_invitation_ends_the_older_one_to_the_same_address_in_this_community(community, manager):
    elsewhere = CommunityFactory()
    [old], [other] = invite(community, manager), invite(elsewhere, manager_of(elsewhere))
    later = NOW + timedelta(hours=1)
    [new] = invite(community, manager, Guest("Ada", "ADA@example.org"), now=later)
    old.invitation.refresh_from_db()
    assert old.invitation.revoked_at == later
    ada = accept(new)
    assert invitations.join_by_invitation(other.token, user=ada, now=NOW).community == elsewhere


def test_name_that_somebody_has_leaves_the_invitation_good(community, manager):
    UserFactory(username="ada")
    [invited] = invite(community, manager)
    with pytest.raises(AccountExists):
        accept(invited)
    assert accept(invited, "ada-2").username == "ada-2"


@pytest.mark.parametrize(
    ("username", "password", "field"),
    [("a b", PASSWORD, "username"), ("", PASSWORD, "username"), ("ada", "12345678", "password")],
)
def test_account_that_can_not_be_leaves_the_invitation_good(community, manager, username, password, field):
    [invited] = invite(community, manager)
    with pytest.raises(InvalidInput) as refused:
        accept(invited, username, password)
    assert refused.value.field == field
    assert Invitation.objects.get().accepted_at is None


@pytest.mark.parametrize(
    ("guest", "field"),
    [
        (Guest("", "bo@example.org"), "name"),
        (Guest("x" * 121, "bo@example.org"), "name"),
        (Guest("Bo", "bo@example.org", "x" * 41), "unit"),
        (Guest("Bo", "bo"), "email"),
        (Guest("Bo", f"{'b' * 250}@example.org"), "email"),
        (Guest("Bo", "ADA@example.org"), "email"),
    ],
)
def test_list_with_one_wrong_guest_invites_nobody(community, manager, guest, field):
    with pytest.raises(InvalidInput) as refused:
        invite(community, manager, ADA, guest)
    assert refused.value.field == field
    assert not Invitation.objects.exists()


def test_row_of_the_table_is_named(community, manager):
    with pytest.raises(InvalidInput, match=r"^Row 7, column email: This is not an e-mail address\.$"):
        invite(community, manager, Guest("Bo", "bo", row=7))


@pytest.mark.parametrize("count", [0, invitations.MOST_ROWS + 1])
def test_list_of_too_few_or_too_many_is_refused(community, manager, count):
    with pytest.raises(InvalidInput):
        invitations.invite_guests(community, [ADA] * count, by=manager, now=NOW)


def test_mail_has_the_link(community, manager):
    invited = invite(community, manager)
    assert invitations.send_invitations(invited, page="https://garage.example/invitation") == [""]
    [sent] = mail.outbox
    assert sent.to == ["ada@example.org"]
    assert "Maple Court" in sent.subject
    assert f"https://garage.example/invitation/{invited[0].token}" in sent.body.split()


def test_mail_is_in_the_communitys_language(community, manager):
    community.language = "de"
    community.save()
    invitations.send_invitations(invite(community, manager), page="https://garage.example/invitation")
    assert mail.outbox[-1].subject == f"Laden bei {community.name}"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_guests_are_read_from_a_file(kind):
    assert invitations.read_list(guest_file(kind).read(), field="file") == [
        Guest("Ada", "ada@example.org", "3", row=2),
        Guest("Jörg", "jo@example.org", "", row=3),
    ]


@pytest.mark.parametrize(
    "text", ["", "name,email", "name,unit\nAda,3B", "name;email\n" + "A;a@b.de\n" * 1_001]
)
def test_text_that_is_no_list_of_guests_is_refused_under_its_own_field(text):
    with pytest.raises(InvalidInput) as refused:
        invitations.read_list(text, field="csv")
    assert refused.value.field == "csv"


def test_guest_joins_the_flat_that_the_table_names(community, manager):
    flat = FlatFactory(community=community, name="Flat 3")
    guests = invitations.read_list("name;email;flat\nAda;ada@example.org;flat 3\n", field="csv")
    [invited] = invitations.invite_guests(community, guests, by=manager, now=NOW)
    accept(invited)
    assert Driver.objects.get().flat == flat


def test_flat_that_the_community_lacks_is_refused_with_its_row(community, manager):
    FlatFactory(name="Flat 3")
    guests = invitations.read_list("name,email,flat\nAda,ada@example.org,Flat 3\n", field="csv")
    with pytest.raises(InvalidInput, match="Row 2, column flat: The community has no flat"):
        invitations.invite_guests(community, guests, by=manager, now=NOW)
    assert not Invitation.objects.exists()


def test_manager_who_is_no_driver_is_invited_by_an_operator_alone(community, manager):
    guest = Guest("Mo", "mo@example.org", role=Role.MANAGER)
    with pytest.raises(InvalidInput, match="Only an operator"):
        invite(community, manager, guest)
    [invited] = invite(community, UserFactory(is_superuser=True), guest)
    user = accept(invited, "mo")
    assert (user.is_staff, user.memberships.get().role) == (True, Role.MANAGER)
    assert not Driver.objects.exists()
    assert Invitation.objects.get().accepted_by == user


def test_driver_who_becomes_manager_keeps_the_account(community):
    operator = UserFactory(is_superuser=True)
    [first] = invite(community, operator)
    ada = accept(first)
    [second] = invite(community, operator, Guest("Ada", "ADA@Example.org", role=Role.MANAGER))
    with pytest.raises(AccountExists):
        accept(second, "ada-2")
    invitations.join_by_invitation(second.token, user=ada, now=NOW)
    assert sorted(ada.memberships.values_list("role", flat=True)) == [Role.DRIVER, Role.MANAGER]
    assert User.objects.get(pk=ada.pk).is_staff
    assert Driver.objects.count() == 1


def test_second_invitation_of_a_driver_makes_no_second_driver(community, manager):
    [first] = invite(community, manager)
    ada = accept(first)
    [second] = invite(community, manager)
    invitations.join_by_invitation(second.token, user=ada, now=NOW)
    assert Driver.objects.get().user == ada


def test_invited_person_gets_the_record_that_waits_for_the_address(community, manager):
    waiting = DriverFactory(
        community=community, user=None, membership=None, email="ADA@example.org", name="A."
    )
    [invited] = invite(community, manager)
    ada = accept(invited)
    assert Driver.objects.get() == waiting
    assert Driver.objects.get().user == ada


def test_refusal_says_what_became_of_the_invitation(community, manager):
    used, revoked, old = invite(community, manager, ADA, Guest("Bo", "bo@x.org"), Guest("Cy", "cy@x.org"))
    accept(used)
    invitations.revoke_invitation(revoked.invitation, by=manager, now=NOW)
    after = NOW + invitations.LASTS
    told = []
    for each, now in ((used, NOW), (revoked, NOW), (old, after)):
        with pytest.raises(InvitationOver) as refused:
            invitations.find_invitation(each.token, now=now)
        told.append(refused.value.said.code)
    assert told == ["refusal.invitation_used", "refusal.invitation_revoked", "refusal.invitation_expired"]
