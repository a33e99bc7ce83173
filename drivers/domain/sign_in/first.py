"""The first account of a server: an operator's, made in the browser by whoever can read the server's log."""

import secrets
from datetime import datetime

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from drivers.domain.invitations import check_account
from drivers.errors import AccountExists
from drivers.models import User
from evbalancer.common.errors import InvalidInput, NotFound, check_row
from evbalancer.common.words.said import Said
from grid.domain import audit

CODE_LENGTH = 32


def is_without_accounts() -> bool:
    return not User.objects.exists()


def first_account_code() -> str:
    """The same in every process of this server, and kept nowhere: it ends with the first account."""
    return salted_hmac("evbalancer.first-account", "", algorithm="sha256").hexdigest()[:CODE_LENGTH]


@transaction.atomic
def make_first_account(code: str, *, username: str, email: str, password: str, now: datetime) -> User:
    """An operator, who may do everything. Raises NotFound for a wrong code, AccountExists if there is an account, InvalidInput."""
    if not secrets.compare_digest(code.strip().encode(), first_account_code().encode()):
        raise NotFound(Said("refusal.first_code_wrong"))
    _lock_accounts()
    if not is_without_accounts():
        raise AccountExists(Said("refusal.first_account_made"))
    user = User(username=username, email=email, is_staff=True, is_superuser=True)
    check_account(user, password)
    if not email:
        raise InvalidInput("email", Said("refusal.address_needed"))
    user.set_password(password)
    check_row(user)
    user.save(force_insert=True)
    audit.record_entry(actor=audit.Actor.of_user(user), action="user.first_account", target=user, now=now)
    return user


def _lock_accounts() -> None:
    """Of two who send the form at once, one makes the account. SQLite's transaction already is the only writer."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {User._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")  # noqa: SLF001 (our own name)
