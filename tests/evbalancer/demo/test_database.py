"""Tables made at once are those of the migrations."""

import os
import sqlite3
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

MAKE = "import django; django.setup(); from evbalancer.common.db.tables import make_tables; make_tables()"
MIGRATE = "import django; django.setup(); from django.core.management import call_command; call_command('migrate', verbosity=0)"


def described(ask):
    """Columns, keys and names of the constraints of each table, its indexes, and the rows that migrations leave."""
    found = {}
    for name, sql in ask("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
        columns = {row[1:] for row in ask(f'PRAGMA table_info("{name}")')}
        keys = {row[2:] for row in ask(f'PRAGMA foreign_key_list("{name}")')}
        constraints = sorted(part.split('"')[1] for part in (sql or "").split("CONSTRAINT ")[1:])
        found[name] = (columns, keys, constraints)
    found["indexes"] = {
        row
        for row in ask("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")
        if not row[0].startswith("sqlite_")
    }
    found["applied"] = set(ask("SELECT app, name FROM django_migrations"))
    found["rights"] = set(ask("SELECT codename FROM auth_permission"))
    return found


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Only SQLite has its tables made at once.")
def test_tables_made_at_once_are_those_of_the_migrations(tmp_path):
    files = [tmp_path / "made.sqlite3", tmp_path / "migrated.sqlite3"]
    for file, way in zip(files, (MAKE, MIGRATE), strict=True):
        environment = {
            **os.environ,
            "DEBUG": "1",
            "DATABASE_URL": f"sqlite:///{file}",
            "DJANGO_SETTINGS_MODULE": "evbalancer.settings",
        }
        subprocess.run([sys.executable, "-c", way], cwd=settings.BASE_DIR, env=environment, check=True)
    with sqlite3.connect(files[0]) as made, sqlite3.connect(files[1]) as migrated:
        tables = described(lambda sql: made.execute(sql).fetchall())
        assert tables == described(lambda sql: migrated.execute(sql).fetchall())
    assert tables["applied"]
