"""Who asked for a command, by key. Until now the label alone said it, and a user can be called like one of our jobs."""

from django.db import migrations, models
from django.db.models import CharField, F, OuterRef, Subquery
from django.db.models.functions import Cast

# The limits are by far the most rows, and nobody asks later who sent one.
NOT_ASKED_ABOUT = "set_limit"
JOBS = ("onboarding", "commissioning", "local list", "balancer", "cards", "certificates", "Slots")


def name_actors(apps, schema_editor):
    """A label that is both a job's and a user's says neither; such rows stay without a key."""
    commands = apps.get_model("chargers", "ChargerCommand").objects.exclude(kind=NOT_ASKED_ABOUT)
    users = apps.get_model("drivers", "User").objects.all()
    taken = set(users.filter(username__in=JOBS).values_list("username", flat=True))
    commands.filter(requested_by__in=[job for job in JOBS if job not in taken]).update(
        actor_kind="system", actor_id=F("requested_by")
    )
    people = users.exclude(username__in=JOBS)
    key = people.filter(username=OuterRef("requested_by")).annotate(key=Cast("pk", CharField())).values("key")
    commands.filter(requested_by__in=people.values("username")).update(
        actor_kind="user", actor_id=Subquery(key[:1])
    )


class Migration(migrations.Migration):
    dependencies = [
        ("chargers", "0014_commands_found_without_history"),
        ("drivers", "0007_strike_suspended_until"),
    ]

    operations = [
        migrations.AddField(
            model_name="chargercommand",
            name="actor_kind",
            field=models.CharField(
                blank=True,
                choices=[("user", "User"), ("charger", "Charge point"), ("system", "System")],
                default="",
                editable=False,
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="chargercommand",
            name="actor_id",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="A user's key, or the name of one of our own jobs.",
                max_length=64,
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="chargercommand",
            name="requested_by",
            field=models.CharField(
                help_text="What the actor is called; who it is say kind and id.", max_length=150
            ),
        ),
        migrations.RunPython(name_actors, migrations.RunPython.noop),
    ]
