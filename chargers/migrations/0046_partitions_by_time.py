from datetime import UTC, datetime

from django.db import migrations

from evbalancer.common.db.partitions import partition_table


def partition(apps, schema_editor):
    for table, moment in (('chargers_ocppmessage', 'at'), ('chargers_metervalue', 'received_at')):
        partition_table(table, moment, now=datetime.now(UTC))


class Migration(migrations.Migration):
    """On PostgreSQL both tables become partitioned by time; what is there becomes the first partition (ADR 140).

    The models stay as they are, and so does older code. It can be run again if it was interrupted.
    """

    atomic = False

    dependencies = [
        ('chargers', '0045_grid_faults'),
    ]

    operations = [
        migrations.RunPython(partition, migrations.RunPython.noop),
    ]
