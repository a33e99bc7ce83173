"""A backup and the way back, on whichever database the tests run: SQLite's own copy, PostgreSQL's own programs."""

import json
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session as SignedIn
from django.core.management import CommandError, call_command
from django.db import connection

from chargers.domain.sessions.known import take_transaction_number
from chargers.models import TransactionNumber
from evbalancer.ops import backups
from evbalancer.ops.backups import BackupRefusedError, read_about, restore_backup, write_backup
from grid.models import AuditEntry, Community
from scheduling.domain.balancing import attendance
from tests.factories.grid import ClusterFactory, CommunityFactory

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def using(name: str) -> Iterator[None]:
    """Let this thread's connection lead to another database."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def order(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture(scope="module")
def own(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[str]:
    """On PostgreSQL a database of these tests, as threads of other tests may still be connected to the usual one."""
    if connection.vendor != "postgresql":
        yield ""
        return
    name = f"{connection.settings_dict['NAME']}_own"
    with django_db_blocker.unblock():
        dump = write_backup(tmp_path_factory.mktemp("own"), now=NOW)
        order(f"DROP DATABASE IF EXISTS {name}")
        order(f"CREATE DATABASE {name}")
        with using(name):
            restore_backup(dump, now=NOW)
    yield name
    with django_db_blocker.unblock():
        order(f"DROP DATABASE {name}")


@pytest.fixture(autouse=True)
def database(own, transactional_db) -> Iterator[None]:
    """Without rows."""
    if not own:
        yield
        return
    with using(own):
        call_command("flush", verbosity=0, interactive=False)
        yield


@pytest.fixture
def backup(database, tmp_path) -> Path:
    CommunityFactory(name="Before", slug="before")
    return write_backup(tmp_path / "backups", now=NOW)


def names() -> list[str]:
    return sorted(Community.objects.values_list("name", flat=True))


def test_everything_is_as_it_was_at_the_backup(backup) -> None:
    Community.objects.update(name="Changed")
    CommunityFactory(name="Afterwards")
    about = restore_backup(backup, now=LATER)
    assert names() == ["Before"]
    assert about.made_at == NOW.isoformat()
    entry = AuditEntry.objects.get(action="backup.restored")
    assert (entry.at, entry.after) == (LATER, {"made_at": NOW.isoformat()})


def test_backup_is_one_file_for_its_owner_alone_and_leaves_nothing_beside_it(backup) -> None:
    assert backup.name == "evbalancer-20260501T120000Z.tar"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]


def test_number_of_a_transaction_that_the_backup_forgot_is_never_given_again(tmp_path) -> None:
    """A charger may still stop the transaction that began after the backup: its stop must not end another's."""
    take_transaction_number()
    backup = write_backup(tmp_path, now=NOW)
    forgotten = take_transaction_number()
    restore_backup(backup, now=LATER)
    assert not TransactionNumber.objects.filter(pk=forgotten).exists()
    assert take_transaction_number() > forgotten + 1_000


def test_whoever_was_signed_in_signs_in_again(tmp_path) -> None:
    SignedIn.objects.create(session_key="k" * 32, session_data="", expire_date=LATER + timedelta(days=1))
    backup = write_backup(tmp_path, now=NOW)
    restore_backup(backup, now=LATER)
    assert not SignedIn.objects.exists()


def test_keys_are_named_by_digests_and_never_in_the_file(settings, tmp_path) -> None:
    settings.CHARGER_KEY_PEPPER = "pepper-" + "p" * 60
    backup = write_backup(tmp_path, now=NOW)
    assert b"pepper-" not in backup.read_bytes()
    assert len(read_about(backup).keys["CHARGER_KEY_PEPPER"]) == 1


@pytest.mark.parametrize(
    ("name", "other", "words"),
    [
        ("CHARGER_KEY_PEPPER", "other" * 12, "no charge point could sign in"),
        ("FIELD_ENCRYPTION_KEYS", [], "can't be read"),
    ],
)
def test_restore_under_other_keys_is_refused_and_changes_nothing(
    settings, backup, name, other, words
) -> None:
    Community.objects.update(name="Changed")
    setattr(settings, name, other)
    with pytest.raises(BackupRefusedError, match=words):
        restore_backup(backup, now=LATER)
    assert names() == ["Changed"]
    restore_backup(backup, with_other_keys=True, now=LATER)
    assert names() == ["Before"]


def test_further_key_for_fields_is_no_other_key(settings, backup) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["a newer one", *settings.FIELD_ENCRYPTION_KEYS]
    restore_backup(backup, now=LATER)


def test_restore_while_a_server_balances_is_refused(backup) -> None:
    attendance.note_run(ClusterFactory(), stand_in="", now=LATER)
    with pytest.raises(BackupRefusedError, match="its clusters are balanced"):
        restore_backup(backup, now=LATER + timedelta(seconds=14))
    restore_backup(backup, now=LATER + timedelta(seconds=16))


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_restore_beside_other_connections_is_refused(backup) -> None:
    other = connection.copy()
    other.ensure_connection()
    try:
        with pytest.raises(BackupRefusedError, match="1 connections"):
            restore_backup(backup, now=LATER)
    finally:
        other.close()


def rewritten(backup: Path, **changes: object) -> Path:
    """The same backup with another page."""
    with tarfile.open(backup) as tar:
        tar.extractall(backup.parent / "parts", filter="data")
    page = backup.parent / "parts" / backups.PAGE
    page.write_text(json.dumps(json.loads(page.read_text()) | changes))
    other = backup.parent / "other.tar"
    with tarfile.open(other, "w") as tar:
        for name in (backups.PAGE, backups.DATABASE):
            tar.add(backup.parent / "parts" / name, name)
    return other


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"database": "oracle"}, "This backup is of oracle, and DATABASE_URL names"),
        (
            {"migrations": ["grid.9999_tomorrow"]},
            "of a newer program: it has the migration grid.9999_tomorrow",
        ),
        ({"format": 2}, "its page can't be read"),
    ],
)
def test_backup_that_does_not_fit_is_refused(backup, changes, words) -> None:
    Community.objects.update(name="Changed")
    with pytest.raises(BackupRefusedError, match=words):
        restore_backup(rewritten(backup, **changes), now=LATER)
    assert names() == ["Changed"]


@pytest.mark.parametrize("content", [b"", b"no tar at all", b"\0" * 20_480])
def test_file_that_is_no_backup_is_refused(tmp_path, content) -> None:
    path = tmp_path / "file.tar"
    path.write_bytes(content)
    with pytest.raises(BackupRefusedError, match=r"file\.tar is no backup of EV Balancer"):
        restore_backup(path, now=LATER)


def test_half_a_backup_is_refused_and_changes_nothing(backup) -> None:
    backup.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    Community.objects.update(name="Changed")
    with pytest.raises(BackupRefusedError):
        restore_backup(backup, now=LATER)
    assert names() == ["Changed"]


def test_commands_say_what_was_done_and_ask_before(backup, capsys, monkeypatch) -> None:
    call_command("backup", str(backup.parent))
    assert "The keys are not in it" in capsys.readouterr().out
    Community.objects.update(name="Changed")
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("restore", str(backup))
    assert names() == ["Changed"]
    call_command("restore", str(backup), "--yes")
    assert "chargers connect and repeat" in capsys.readouterr().out
    assert names() == ["Before"]


def test_commands_say_why_not(tmp_path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("restore", str(tmp_path / "gone.tar"), "--yes")
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="The backup can't be written"):
        call_command("backup", str(tmp_path / "file"))
