from datetime import UTC, datetime

import pytest
from django.core import mail

from drivers.domain import accounts
from drivers.domain.tokens import OnceToken, RefreshRefused, rotate_refresh
from drivers.enums import Role
from drivers.errors import AccountExists
from drivers.models import Membership, Notification, Preference, User
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.drivers import DriverFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def driver():
    return DriverFactory(user=None, membership=None, email="ada@example.org")


def open_account(driver, username="ada"):
    return accounts.open_account(driver, username=username, actor=SYSTEM, now=NOW)


def test_account_signs_in_with_the_password_that_is_shown_once(driver):
    password = open_account(driver, " ada ")
    user = User.objects.get()
    assert (user.username, user.email, driver.user) == ("ada", "ada@example.org", user)
    assert user.check_password(password)
    assert Membership.objects.get().role == Role.DRIVER
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after) == ("driver.account_opened", {"username": "ada"})
    assert "ada" in Notification.objects.get().told


def test_driver_who_has_an_account_gets_no_other(driver):
    open_account(driver)
    with pytest.raises(AccountExists, match="signs in as ada already"):
        open_account(driver, "eve")
    assert User.objects.count() == 1


def test_name_that_somebody_has_is_refused_and_leaves_nothing(driver):
    UserFactory(username="ada")
    with pytest.raises(AccountExists, match="Somebody else signs in as ada"):
        open_account(driver)
    driver.refresh_from_db()
    assert (driver.user, Membership.objects.count()) == (None, 0)


@pytest.mark.parametrize("username", ["", "a b", "x" * 151])
def test_name_that_no_account_can_have_is_refused_and_leaves_nothing(driver, username):
    with pytest.raises(InvalidInput) as wrong:
        open_account(driver, username)
    assert (wrong.value.field, User.objects.count(), driver.user) == ("username", 0, None)


@pytest.mark.parametrize("told", [True, False])
def test_linked_user_becomes_a_member_once(driver, told):
    driver.user = UserFactory(username="ada")
    driver.save()
    for _ in range(2):
        accounts.link_account(driver, told=told, actor=SYSTEM, now=NOW)
    assert Membership.objects.get().user == driver.user
    assert Notification.objects.count() == 2 * told
    assert {entry.action for entry in AuditEntry.objects.all()} == {"driver.account_linked"}


def test_driver_without_a_user_is_linked_to_nobody(driver):
    accounts.link_account(driver, told=True, actor=SYSTEM, now=NOW)
    assert not AuditEntry.objects.exists()
    assert not Membership.objects.exists()


@pytest.mark.parametrize(("language", "subject"), [("en", "Your account"), ("de", "Ihr Konto")])
def test_former_address_is_told_in_the_drivers_language(
    driver, language, subject, django_capture_on_commit_callbacks
):
    Preference.objects.create(community=driver.community, driver=driver, language=language)
    with django_capture_on_commit_callbacks(execute=True):
        accounts.tell_of_address(driver, former="old@example.org")
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["old@example.org"], f"{driver.community.name}: {subject}")


def test_new_password_ends_the_tokens_of_the_old_one():
    user = UserFactory()
    token = OnceToken.for_user(user)
    accounts.set_new_password(user, "another correct horse", now=NOW)
    assert User.objects.get().check_password("another correct horse")
    with pytest.raises(RefreshRefused):
        rotate_refresh(OnceToken(str(token)))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id) == ("user.password_reset", str(user.pk))


def test_user_is_in_the_admin_while_managing_a_community():
    membership = MembershipFactory(role=Role.MANAGER)
    user = membership.user
    for _ in range(2):
        accounts.match_admin_access(user, actor=SYSTEM, now=NOW)
    assert (user.is_staff, User.objects.get().is_staff) == (True, True)
    membership.role = Role.DRIVER
    membership.save()
    accounts.match_admin_access(user, actor=SYSTEM, now=NOW)
    assert (user.is_staff, User.objects.get().is_staff) == (False, False)
    told = AuditEntry.objects.order_by("pk").values_list("after", flat=True)
    assert sorted(entry["is_staff"] for entry in told) == [False, True]


def test_superuser_needs_no_community_for_the_admin():
    user = UserFactory(is_superuser=True)
    accounts.match_admin_access(user, actor=SYSTEM, now=NOW)
    assert user.is_staff
