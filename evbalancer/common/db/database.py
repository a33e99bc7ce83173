"""Whether it is the database that is in trouble, or what was asked of it."""

import errno
import logging
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from django.apps import apps
from django.db import DatabaseError, InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

T = TypeVar("T")
TRIES: Final = 3
NO_TABLES: Final = "The database lacks tables or columns: run `python manage.py migrate` first."
# PostgreSQL's codes (its manual, appendix A): a deadlock, a serialization failure, a lock that was waited for too long.
_WAITED: Final = "55P03"
_LOST: Final = ("40P01", "40001", _WAITED)
# No connection, no resources (a full disk among them), an operator's intervention, a failing system, nothing but reads.
_CANNOT_STORE: Final = ("08", "53", "57", "58", "25006")
# SQLite's: busy, locked; and read-only, a failing disk, a corrupt file, a full disk, a file that can't be opened.
_SQLITE_LOST: Final = (5, 6)
_SQLITE_CANNOT_STORE: Final = (8, 10, 11, 13, 14)
# The messages of a system whose disk is full, or that only reads.
_FILES_CANNOT_GROW: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
MOST_CAUSES: Final = 8


def lacks_tables() -> bool:
    """Whether a table or column of a model is not there: nobody has migrated. Raises OperationalError without an answer."""
    inspect = connection.introspection
    with connection.cursor() as cursor:
        there = set(inspect.table_names(cursor))
        for model in apps.get_models():
            options = model._meta  # noqa: SLF001 (Django's documented Meta API)
            if options.db_table not in there:
                return True
            columns = {column.name for column in inspect.get_table_description(cursor, options.db_table)}
            if not {field.column for field in options.local_concrete_fields} <= columns:
                return True
    return False


def database_answers() -> bool:
    """Whether this thread's connection works, or a new one does."""
    try:
        connection.ensure_connection()
        return connection.is_usable()
    except (DatabaseError, InterfaceError):
        return False


def lost_to_another(error: BaseException) -> bool:
    """Whether another transaction was in the way: the same is worth another try."""
    code, sqlite = _codes(error)
    return code in _LOST or sqlite in _SQLITE_LOST


def waited_in_vain(error: BaseException) -> bool:
    """Whether a lock was not to be had in time; a second try would wait as long."""
    code, sqlite = _codes(error)
    return code == _WAITED or sqlite in _SQLITE_LOST


def cannot_store(error: BaseException) -> bool:
    """Whether nothing at all can be stored now, so that nothing is wrong with what was to be.

    One error leads to another: a session that can't be saved, a rollback of what is rolled back already.
    """
    for each in _with_causes(error):
        code, sqlite = _codes(each)
        if code.startswith(_CANNOT_STORE) or sqlite in _SQLITE_CANNOT_STORE:
            return True
        if isinstance(each, OSError) and each.errno in _FILES_CANNOT_GROW:
            return True
    return isinstance(error, DatabaseError | InterfaceError) and not database_answers()


def tried_again(act: Callable[[], T]) -> T:
    """Run a transaction, and run it again when it lost a deadlock or the like. Inside another one that isn't possible."""
    for attempt in range(1, TRIES):
        try:
            return act()
        except OperationalError as error:
            if connection.in_atomic_block or not lost_to_another(error):
                raise
            logger.warning("Attempt %d lost to another transaction: %s", attempt, error)
    return act()


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    each: BaseException | None = error
    for _ in range(MOST_CAUSES):
        if each is None:
            return
        yield each
        each = each.__cause__ or each.__context__


def _codes(error: BaseException) -> tuple[str, int | None]:
    """PostgreSQL's code of an error, and SQLite's without the details."""
    cause = error.__cause__ or error
    sqlite = getattr(cause, "sqlite_errorcode", None)
    return str(getattr(cause, "pgcode", None) or ""), None if sqlite is None else sqlite & 0xFF
