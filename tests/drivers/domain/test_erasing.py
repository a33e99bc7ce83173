from datetime import UTC, datetime, timedelta

import pytest

from drivers.domain.erasing import FORMER, erase_person
from drivers.domain.tokens import OnceToken, RefreshRefused, rotate_refresh
from drivers.enums import Role
from drivers.models import (
    Driver,
    IdTag,
    Invitation,
    Membership,
    Notification,
    Preference,
    Strike,
    User,
    Webhook,
)
from tests.factories.drivers import DriverFactory, MembershipFactory
from tests.factories.world import populate

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def driver():
    return DriverFactory(name="Ada", email="ada@example.org", unit="3B", user__email="ada@example.org")


def erase(driver):
    erase_person(driver, now=NOW)
    driver.refresh_from_db()
    return driver


def test_row_stays_under_no_name_and_its_account_opens_nothing(driver):
    token, user = OnceToken.for_user(driver.user), driver.user
    row = erase(driver)
    assert (row.name, row.email, row.unit, row.user, row.retired_at) == (FORMER, "", "", None, NOW)
    user.refresh_from_db()
    assert (user.is_active, user.email, user.has_usable_password()) == (False, "", False)
    assert user.username.startswith("former-")
    assert not Membership.objects.exists()
    with pytest.raises(RefreshRefused):
        rotate_refresh(OnceToken(str(token)))


@pytest.mark.parametrize("how", ["member", "driver", "manager here", "superuser"])
def test_account_that_is_still_somebody_stays(driver, how):
    user = driver.user
    if how == "member":
        MembershipFactory(user=user)
    elif how == "driver":
        DriverFactory(user=user, membership=None)
    elif how == "manager here":
        MembershipFactory(user=user, community=driver.community, role=Role.MANAGER)
    else:
        User.objects.update(is_superuser=True)
        driver.user.is_superuser = True
    erase(driver)
    user.refresh_from_db()
    assert (user.is_active, user.email) == (True, "ada@example.org")
    assert not Membership.objects.filter(user=user, community=driver.community, role=Role.DRIVER).exists()


def test_driver_without_an_account_is_erased_too():
    row = erase(DriverFactory(user=None, membership=None, name="Card only"))
    assert (row.name, row.retired_at) == (FORMER, NOW)


def test_what_was_told_and_chosen_goes_and_the_neighbours_stays():
    mine, neighbour = populate("MINE"), populate("OTHER")
    kinds = (Notification, Preference, Webhook, IdTag)
    Invitation.objects.update(expires_at=NOW + timedelta(days=1))
    for world in (mine, neighbour):
        driver = world["drivers.Driver"]
        Invitation.objects.filter(community=world.community).update(driver=driver)
        Strike.objects.filter(driver=driver).update(appeal="I was ill")
    erase(mine["drivers.Driver"])
    for kind in kinds:
        assert [row.driver for row in kind.objects.all()] == [neighbour["drivers.Driver"]]
    invitation = Invitation.objects.get(community=mine.community)
    assert (invitation.name, invitation.unit) == (FORMER, "")
    assert invitation.email.endswith("@invalid.example")
    appeals = Strike.objects.order_by("appeal").values_list("appeal", flat=True)
    assert list(appeals) == ["", "I was ill"]
    assert Driver.objects.filter(name=FORMER).count() == 1
