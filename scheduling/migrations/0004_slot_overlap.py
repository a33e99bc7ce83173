from django.db import migrations

EXCLUDE = """
ALTER TABLE scheduling_slotrequest ADD CONSTRAINT slot_no_overlap_on_connector
EXCLUDE USING gist (connector_id WITH =, tstzrange(not_before, ready_by) WITH &&)
WHERE (connector_id IS NOT NULL AND state IN ('promised', 'partly_promised', 'queued', 'active'))
"""


def add_exclusion(apps, schema_editor):
    # PostgreSQL decides; on SQLite the one writer of the IMMEDIATE transaction looks before it writes.
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        schema_editor.execute(EXCLUDE)


def drop_exclusion(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE scheduling_slotrequest DROP CONSTRAINT slot_no_overlap_on_connector")


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0003_slot_plan")]

    operations = [migrations.RunPython(add_exclusion, drop_exclusion)]
