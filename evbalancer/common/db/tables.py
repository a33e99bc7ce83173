"""Tables made at once from the models: walking through every migration takes a processor half a minute.

On SQLite they are those that the migrations leave (`tests/evbalancer/demo/test_database.py` compares them). PostgreSQL has more than
models say, and is always migrated.
"""

from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings


class _None(dict[str, Any]):
    """As MIGRATION_MODULES: no app has migrations, so its tables are made from its models."""

    def __contains__(self, app: object) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


def make_tables() -> None:
    """In an empty SQLite database, with every migration noted as applied."""
    with override_settings(MIGRATION_MODULES=_None()):
        call_command("migrate", run_syncdb=True, verbosity=0)
    _note_migrations()


def create_test_database() -> None:
    """As Django's `create_test_db`: the connection's, of a name of its own, removed by `destroy_test_db`."""
    at_once = connection.vendor == "sqlite"
    connection.settings_dict["TEST"]["MIGRATE"] = not at_once
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    if at_once:
        _note_migrations()


def _note_migrations() -> None:
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    with transaction.atomic():
        for app, name in MigrationLoader(connection).disk_migrations:
            recorder.record_applied(app, name)
