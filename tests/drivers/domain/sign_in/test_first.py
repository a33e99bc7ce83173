from datetime import UTC, datetime

import pytest

from drivers.domain.sign_in import first
from drivers.errors import AccountExists
from drivers.models import User
from evbalancer.common.errors import InvalidInput, NotFound
from grid.models import AuditEntry

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
TOLD = {"username": "mo", "email": "mo@example.org", "password": "correct horse battery"}


def make(code=None, **changes):
    return first.make_first_account(code or first.first_account_code(), now=NOW, **TOLD | changes)


def test_code_makes_an_operator_once():
    user = make()
    assert (user.is_staff, user.is_superuser, user.check_password(TOLD["password"])) == (True, True, True)
    assert AuditEntry.objects.get().action == "user.first_account"
    with pytest.raises(AccountExists):
        make(username="eve", email="eve@example.org")
    assert User.objects.count() == 1


@pytest.mark.promise("S14")
def test_code_is_of_this_server(settings):
    code = first.first_account_code()
    assert len(code) == first.CODE_LENGTH
    settings.SECRET_KEY = "another" * 10
    assert first.first_account_code() != code
    with pytest.raises(NotFound):
        make(code)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"password": "short"}, "password"), ({"username": "a b"}, "username"), ({"email": ""}, "email")],
)
def test_what_is_wrong_makes_no_account(changes, field):
    with pytest.raises(InvalidInput) as refused:
        make(**changes)
    assert refused.value.field == field
    assert first.is_without_accounts()
