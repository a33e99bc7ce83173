"""Tables made at once are those of the migrations."""

import os
import sqlite3
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

MAKE = "import django; django.setup(); from evbalancer.demo.database import make_tables; make_tables()"


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


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="The demo has a file.")
def test_tables_made_at_once_are_those_of_the_migrations(tmp_path):
    file = tmp_path / "made.sqlite3"
    environment = {
        **os.environ,
        "DEBUG": "1",
        "DATABASE_URL": f"sqlite:///{file}",
        "DJANGO_SETTINGS_MODULE": "evbalancer.settings",
    }
    subprocess.run([sys.executable, "-c", MAKE], cwd=settings.BASE_DIR, env=environment, check=True)

    def ask_migrated(sql):
        with connection.cursor() as cursor:
            return cursor.execute(sql).fetchall()

    with sqlite3.connect(file) as made:
        assert described(lambda sql: made.execute(sql).fetchall()) == described(ask_migrated)
