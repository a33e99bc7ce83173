"""The database as the work of a simulated server meets it: it can end in the middle, fail, be full, or take nothing.

People, charge points and judges share the connection and always have it whole.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol
from unittest import mock

from django.db import DatabaseError, connection

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]
# What ends a transaction or a part of it passes: of a process that is gone, the database rolls back what is open.
OF_TRANSACTIONS = ("ROLLBACK", "RELEASE", "SAVEPOINT", "PRAGMA")
OF_WRITING = ("INSERT", "UPDATE", "DELETE")
NO_LIMIT_PAGES = 0xFFFFFFFE
# As PostgreSQL names a failing disk, and a full one.
IO_ERROR, DISK_FULL = "58030", "53100"


class Killed(BaseException):
    """The process ended here. Nothing of it may go on."""


class Ailment(Protocol):
    """What ails the database. Inside, a piece of the server's work is done."""

    def at_work(self) -> Any: ...


class Storage:
    def __init__(self) -> None:
        self._ailments: list[Ailment] = []
        # How often it was felt, and the errors that were raised: they explain what is logged.
        self.felt: Counter[str] = Counter()
        self.raised: list[BaseException] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Around each piece of work of the server."""
        with ExitStack() as stack:
            for ailment in self._ailments:
                stack.enter_context(ailment.at_work())
            yield

    @contextmanager
    def ails(self, ailment: Ailment) -> Iterator[None]:
        self._ailments.append(ailment)
        try:
            yield
        finally:
            self._ailments.remove(ailment)

    @contextmanager
    def noting(
        self, what: str, *, if_one: Callable[[DatabaseError], bool] = lambda _: True
    ) -> Iterator[None]:
        """Inside, an error that the ailment brings about is counted and kept."""
        try:
            yield
        except DatabaseError as error:
            if if_one(error):
                self.felt[what] += 1
                self.raised.append(error)
            raise

    def explains(self, error: BaseException | None) -> bool:
        """Whether the error is one of those that were put in, or follows from one."""
        for _ in range(8):
            if error is None:
                return False
            if any(error is one for one in self.raised):
                return True
            error = error.__cause__ or error.__context__
        return False


class Death:
    """Ends the process: before its n-th statement from now on, or after its n-th commit, before anything follows from it.

    Whatever it tries afterwards ends as well.
    """

    def __init__(self, strike: Callable[[], None], *, statements: int = 0, commits: int = 0) -> None:
        self._strike = strike
        self._statements, self._commits = statements, commits
        self.has_struck = False

    @contextmanager
    def at_work(self) -> Iterator[None]:
        commit = connection._commit  # type: ignore[attr-defined]  # noqa: SLF001 (where Django hands over to the driver)

        def committed() -> None:
            if self.has_struck:
                raise Killed
            commit()
            if self._commits:
                self._commits -= 1
                if not self._commits:
                    self._end()

        with connection.execute_wrapper(self._execute), mock.patch.object(connection, "_commit", committed):
            yield

    def _execute(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001 (Django's order)
        if sql.startswith(OF_TRANSACTIONS):
            return execute(sql, params, many, context)
        if self.has_struck:
            raise Killed
        if self._statements:
            self._statements -= 1
            if not self._statements:
                self._end()
        return execute(sql, params, many, context)

    def _end(self) -> None:
        self.has_struck = True
        # What would have followed the commit is gone with the process.
        connection.run_on_commit.clear()
        self._strike()
        raise Killed


class Failing:
    """One statement in so many fails, as if the disk had a bad block."""

    def __init__(self, storage: Storage, fails: Callable[[], bool]) -> None:
        self._storage, self._fails = storage, fails

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with connection.execute_wrapper(self._execute):
            yield

    def _execute(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001 (Django's order)
        if sql.startswith(OF_TRANSACTIONS) or not self._fails():
            return execute(sql, params, many, context)
        with self._storage.noting("statement failed"):
            if connection.vendor == "postgresql":
                return execute(_raising(IO_ERROR), None, False, context)
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
            with connection.wrap_database_errors:
                raise error


class _Refusing:
    """The engine refuses: it is set to before the work, and set back after it."""

    name = ""
    sqlite_codes: tuple[int, ...] = ()
    states: tuple[str, ...] = ()

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError

    def change(self, sql: str) -> str:
        """What is executed in the statement's place."""
        return sql

    @contextmanager
    def at_work(self) -> Iterator[None]:
        self.begin()
        try:
            with connection.execute_wrapper(self._execute):
                yield
        finally:
            self.end()

    def _execute(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001 (Django's order)
        changed = self.change(sql)
        with self._storage.noting(self.name, if_one=self._is_refusal):
            if changed != sql:
                return execute(changed, None, False, context)
            return execute(sql, params, many, context)

    def _is_refusal(self, error: DatabaseError) -> bool:
        cause = error.__cause__
        code, state = getattr(cause, "sqlite_errorcode", None), getattr(cause, "pgcode", None)
        return code in self.sqlite_codes or state in self.states


class ReadOnly(_Refusing):
    name, sqlite_codes, states = "write refused", (sqlite3.SQLITE_READONLY,), ("25006",)

    def begin(self) -> None:
        _tell("PRAGMA query_only = 1", "SET default_transaction_read_only = on")

    def end(self) -> None:
        _tell("PRAGMA query_only = 0", "SET default_transaction_read_only = off")


class Full(_Refusing):
    """What fits into the pages there are is stored by SQLite, and nothing else; PostgreSQL takes nothing."""

    name, sqlite_codes, states = "database full", (sqlite3.SQLITE_FULL,), (DISK_FULL,)

    def begin(self) -> None:
        if connection.vendor == "sqlite":
            (pages,) = _tell("PRAGMA page_count")
            _tell(f"PRAGMA max_page_count = {pages}")

    def end(self) -> None:
        _tell(f"PRAGMA max_page_count = {NO_LIMIT_PAGES}")

    def change(self, sql: str) -> str:
        is_refused = connection.vendor == "postgresql" and sql.startswith(OF_WRITING)
        return _raising(DISK_FULL) if is_refused else sql


def _tell(sqlite: str, postgresql: str = "") -> Any:
    """Set the engine to something, outside any transaction."""
    sql = sqlite if connection.vendor == "sqlite" else postgresql
    if not sql:
        return None
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone() if connection.vendor == "sqlite" else None


def _raising(state: str) -> str:
    """A statement by which PostgreSQL itself raises an error of this kind."""
    return f"DO $$BEGIN RAISE EXCEPTION 'simulated' USING ERRCODE = '{state}'; END$$"
