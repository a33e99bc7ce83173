import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail

from drivers.domain.sign_in import addresses
from drivers.errors import AccountExists
from drivers.models import User
from evbalancer.common.errors import InvalidInput, NotFound
from grid.models import AuditEntry
from tests.factories.drivers import DriverFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S16")]
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
PAGE = "https://garage.example/account/address"


@pytest.fixture
def driver():
    return DriverFactory(user=UserFactory(email="ada@example.org"), email="ada@example.org")


def ask(user, address="new@example.org"):
    assert addresses.ask_for_address(user, address, page=PAGE) == ""
    return re.search(rf"{PAGE}/(\S+)", mail.outbox[-1].body)


def test_link_to_the_new_address_changes_it_and_the_old_one_hears_of_it(
    driver, django_capture_on_commit_callbacks
):
    token = ask(driver.user)[1]
    assert mail.outbox[0].to == ["new@example.org"]
    assert User.objects.get(pk=driver.user.pk).email == "ada@example.org"
    with django_capture_on_commit_callbacks(execute=True):
        addresses.confirm_address(token, now=NOW)
    driver.refresh_from_db()
    assert (User.objects.get(pk=driver.user.pk).email, driver.email) == ("new@example.org", "new@example.org")
    assert mail.outbox[1].to == ["ada@example.org"]
    assert "was changed to another one" in mail.outbox[1].body
    assert AuditEntry.objects.get(action="user.address_changed").before == {"email": "ada@example.org"}
    with pytest.raises(NotFound):
        addresses.confirm_address(token, now=NOW)


def test_link_lasts_an_hour(driver):
    token = ask(driver.user)[1]
    with (
        time_machine.travel(datetime.now(UTC) + addresses.LASTS + timedelta(seconds=2)),
        pytest.raises(NotFound),
    ):
        addresses.confirm_address(token, now=NOW)


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "\0"])
def test_wrong_link_changes_nothing(driver, token):
    with pytest.raises(NotFound):
        addresses.confirm_address(token, now=NOW)


@pytest.mark.promise("S14")
def test_address_of_somebody_else_is_answered_alike_and_changes_nothing(driver):
    UserFactory(email="Bo@example.org")
    assert ask(driver.user, "bo@example.org") is None
    assert "Yours has it already" in mail.outbox[0].body


def test_address_that_somebody_took_meanwhile_is_refused(driver):
    token = ask(driver.user)[1]
    UserFactory(email="NEW@example.org")
    with pytest.raises(AccountExists):
        addresses.confirm_address(token, now=NOW)
    assert User.objects.get(pk=driver.user.pk).email == "ada@example.org"


def test_what_is_no_address_is_refused(driver):
    with pytest.raises(InvalidInput):
        addresses.ask_for_address(driver.user, "nothing", page=PAGE)
    assert mail.outbox == []
