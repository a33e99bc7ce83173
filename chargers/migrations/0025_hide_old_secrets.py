from django.db import migrations
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from chargers.domain.orders.secrets import MARKS, hide_secrets, is_secret_name

TOGETHER = 500
SETTLED = ("accepted", "rejected", "error", "unknown", "expired", "superseded")


def hide_old_secrets(apps, schema_editor):
    """What charge points answered before secrets were taken out by content: keys and passwords in the log and in results.

    Here the rule of today is wanted, whatever it will be: what it calls a secret is to stand nowhere.
    """
    _hide(apps.get_model("chargers", "OcppMessage").objects.all(), "payload", "error")
    commands = apps.get_model("chargers", "ChargerCommand").objects.filter(state__in=SETTLED)
    _hide(commands, "result", "arguments", "error")
    _hide(apps.get_model("chargers", "OrphanMessage").objects.all(), "payload")
    told = apps.get_model("chargers", "DeviceVariable").objects.exclude(value="")
    names = told.order_by().values_list("variable", flat=True).distinct()
    told.filter(variable__in=[name for name in names if is_secret_name(name)]).update(value="")


def _hide(rows, *names):
    suspect = Q()
    for name in names:
        rows = rows.annotate(**{f"{name}_text": Cast(name, TextField())})
        for mark in MARKS:
            suspect |= Q(**{f"{name}_text__icontains": mark})
    for row in rows.filter(suspect).order_by("pk").iterator(chunk_size=TOGETHER):
        shown = {name: hide_secrets(getattr(row, name)) for name in names}
        if any(shown[name] != getattr(row, name) for name in names):
            type(row).objects.filter(pk=row.pk).update(**shown)


class Migration(migrations.Migration):
    dependencies = [("chargers", "0024_commands_in_order")]

    operations = [migrations.RunPython(hide_old_secrets, migrations.RunPython.noop)]
