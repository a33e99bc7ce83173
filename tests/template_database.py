"""One database for all workers of a run, with its tables: each works on a copy of its own.

Making it costs a few seconds on SQLite and half a minute of migrating on PostgreSQL, copying less than one.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from evbalancer.common.db.tables import create_test_database


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> Iterator[None]:
    # The workers' own directories lie side by side in the run's.
    of_the_run = tmp_path_factory.getbasetemp().parent
    installed = connection.settings_dict["NAME"]
    with django_db_blocker.unblock(), _users_of_template(of_the_run) as users:
        template = _make_template() if users.count == 0 else connection.creation._get_test_db_name()
        _connect_to(template)
        connection.creation.clone_test_db(suffix=worker_id, verbosity=0)
        users.count += 1
        _connect_to(connection.creation.get_test_db_clone_settings(worker_id)["NAME"])
    yield
    with django_db_blocker.unblock():
        _connect_to(template)
        _end_others(connection.creation.get_test_db_clone_settings(worker_id)["NAME"])
        connection.creation.destroy_test_db(suffix=worker_id, verbosity=0)
        with _users_of_template(of_the_run) as users:
            users.count -= 1
            if users.count == 0:
                connection.creation.destroy_test_db(verbosity=0)
        _connect_to(installed)


class Users:
    count = 0


@contextmanager
def _users_of_template(of_the_run: Path) -> Iterator[Users]:
    """How many workers have a copy, under a lock: the first one makes the template, the last one removes it."""
    with (of_the_run / "template-database").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        users = Users()
        users.count = int(file.read() or 0)
        yield users
        file.truncate(0)
        file.write(str(users.count))


def _make_template() -> str:
    create_test_database()
    connection.close()
    return connection.settings_dict["NAME"]


def _end_others(name: str) -> None:
    """A thread of a server that a test has ended may hold its connection for a moment longer."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
        connection.close()


def _connect_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
