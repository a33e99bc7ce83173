"""The demo's tables, made at once: walking through every migration would take longer than all else of its first start."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings


class _None(dict[str, Any]):
    """As MIGRATION_MODULES: no app has migrations, so its tables are made from its models."""

    def __contains__(self, app: object) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


def prepare(*, tell: Callable[[str], object]) -> None:
    """Make a new database from the models, or migrate one of an earlier start."""
    if not connection.introspection.table_names():
        tell("Making the tables …")
        make_tables()
        return
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        tell("Bringing the demo's database up to date …")
        call_command("migrate", verbosity=0)


def make_tables() -> None:
    """The tables that the migrations would leave, which a test compares; and every migration noted as applied."""
    with override_settings(MIGRATION_MODULES=_None()):
        call_command("migrate", run_syncdb=True, verbosity=0)
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    with transaction.atomic():
        for app, name in MigrationLoader(connection).disk_migrations:
            recorder.record_applied(app, name)


def remove() -> bool:
    """Delete the demo's file; false where there was none."""
    name = settings.DATABASES["default"]["NAME"]
    connection.close()
    found = False
    for end in ("", "-wal", "-shm", "-journal"):
        file = settings.BASE_DIR / f"{name}{end}"
        found |= file.exists()
        file.unlink(missing_ok=True)
    return found
