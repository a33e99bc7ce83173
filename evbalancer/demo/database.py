"""The demo's database: a file that its first start makes, later ones bring up to date, and `--reset` removes."""

from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from evbalancer.common.db.tables import make_tables


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
