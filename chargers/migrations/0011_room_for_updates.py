"""Room on each page of the tables that are updated every second, so that a new version of a row stays on its page and no
index is touched (heap-only tuples)."""

from django.db import migrations

from evbalancer.common.db.migrations import PostgresSQL

TABLES = ("chargers_session", "chargers_chargepoint", "chargers_connector")


class Migration(migrations.Migration):
    dependencies = [("chargers", "0010_measurands_of_models")]

    operations = [
        PostgresSQL(
            f"ALTER TABLE {table} SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)",
            f"ALTER TABLE {table} RESET (fillfactor, autovacuum_vacuum_scale_factor)",
        )
        for table in TABLES
    ]
