"""What ails the database, each on a real one: what the server's work meets, and what others do not."""

import contextlib
import sqlite3

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from evbalancer.common.db.database import cannot_store
from evbalancer.life.storage import DISK_FULL, IO_ERROR, Death, Failing, Full, Killed, ReadOnly, Storage
from grid.models import Community

pytestmark = pytest.mark.django_db(transaction=True)
IS_SQLITE = connection.vendor == "sqlite"


@pytest.fixture
def storage():
    return Storage()


def found(name):
    return Community.objects.create(name=name, slug=name)


@transaction.atomic
def found_together(*together):
    for name in together:
        found(name)


def names():
    return set(Community.objects.values_list("name", flat=True))


@pytest.mark.parametrize("statements", [1, 2, 3])
def test_death_in_a_transaction_leaves_nothing_of_it(storage, statements):
    struck = []
    with storage.ails(Death(lambda: struck.append(True), statements=statements)):
        with pytest.raises(Killed), storage.at_work():
            found_together("a", "b", "c")
        # What it would have done next ends as well; whoever is no part of it goes on.
        with pytest.raises(Killed), storage.at_work():
            found("d")
        found("neighbour")
    assert (struck, names()) == ([True], {"neighbour"})


def test_death_after_a_commit_keeps_it_and_nothing_that_follows(storage):
    followed = []

    def found_each():
        for name in ("a", "b", "c"):
            with transaction.atomic():
                found(name)
                transaction.on_commit(lambda name=name: followed.append(name))

    with storage.ails(Death(lambda: None, commits=2)), storage.at_work(), pytest.raises(Killed):
        found_each()
    assert (names(), followed) == ({"a", "b"}, ["a"])
    # The next commit is of another process.
    with transaction.atomic():
        found("e")
    assert followed == ["a"]


def test_nothing_of_the_product_may_catch_a_death(storage):
    def survive():
        with contextlib.suppress(Exception):
            found("a")
        names()

    with storage.ails(Death(lambda: None, statements=1)), storage.at_work(), pytest.raises(Killed):
        survive()


def test_failing_statement_is_an_error_of_the_driver(storage):
    with storage.ails(Failing(storage, lambda: True)):
        with pytest.raises(OperationalError) as raised, storage.at_work():
            found("a")
        found("neighbour")
    cause = raised.value.__cause__
    assert cause.sqlite_errorcode == sqlite3.SQLITE_IOERR if IS_SQLITE else cause.pgcode == IO_ERROR
    assert cannot_store(raised.value)
    assert storage.explains(raised.value)
    assert storage.explains(RuntimeError()) is False
    assert (storage.felt, names()) == ({"statement failed": 1}, {"neighbour"})


@pytest.mark.parametrize(
    ("ailment", "code", "state", "felt"),
    [
        (ReadOnly, sqlite3.SQLITE_READONLY, "25006", "write refused"),
        (Full, sqlite3.SQLITE_FULL, DISK_FULL, "database full"),
    ],
)
def test_engine_refuses_the_servers_writes_alone(storage, ailment, code, state, felt):
    if IS_SQLITE:
        with connection.cursor() as cursor:
            # No pages that others left.
            cursor.execute("VACUUM")

    def fill():
        for number in range(5_000 if IS_SQLITE and ailment is Full else 50):
            found(f"{number}")

    with storage.ails(ailment(storage)):
        with pytest.raises(DatabaseError) as raised, storage.at_work(), transaction.atomic():
            fill()
        with storage.at_work():
            assert names() == set()
        found("neighbour")
    cause = raised.value.__cause__
    assert cause.sqlite_errorcode == code if IS_SQLITE else cause.pgcode == state
    assert names() == {"neighbour"}
    assert cannot_store(raised.value)
    assert storage.explains(raised.value)
    assert storage.felt == {felt: 1}


def test_error_that_follows_from_one_is_explained(storage):
    def act():
        try:
            found("a")
        except OperationalError as error:
            raise RuntimeError from error

    with (
        storage.ails(Failing(storage, lambda: True)),
        storage.at_work(),
        pytest.raises(RuntimeError) as later,
    ):
        act()
    assert storage.explains(later.value)
