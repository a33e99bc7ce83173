from collections import defaultdict

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Lower

import drivers.models.user


def part_doubles(apps, schema_editor):
    """Names and addresses that differ in their case only. The account that signed in last keeps them; the address is
    taken off the others, and their names get a number."""
    User = apps.get_model("drivers", "User")
    names, addresses = defaultdict(list), defaultdict(list)
    for user in User.objects.order_by("pk"):
        names[user.username.lower()].append(user)
        if user.email.strip():
            addresses[user.email.strip().lower()].append(user)
    for found in addresses.values():
        for user in _but_the_last(found):
            User.objects.filter(pk=user.pk).update(email="")
    taken = set(names)
    for name, found in names.items():
        for user in _but_the_last(found):
            number = next(each for each in range(2, len(taken) + 3) if f"{name}-{each}" not in taken)
            taken.add(f"{name}-{number}")
            User.objects.filter(pk=user.pk).update(username=f"{name[:140]}-{number}")
    for user in User.objects.filter(email__regex=r"^\s|\s$"):
        User.objects.filter(pk=user.pk).update(email=user.email.strip())


def _but_the_last(found):
    kept = max(found, key=lambda user: (user.is_active, user.last_login is not None, user.last_login or 0, -user.pk))
    return [user for user in found if user.pk != kept.pk]


def end_doubles(apps, schema_editor):
    """Of open invitations to one address the newest stays."""
    Invitation = apps.get_model("drivers", "Invitation")
    seen = set()
    for row in Invitation.objects.filter(accepted_at=None, revoked_at=None).order_by("-created_at", "pk"):
        key = row.community_id, row.email.lower()
        if key in seen:
            Invitation.objects.filter(pk=row.pk).update(revoked_at=row.expires_at)
        seen.add(key)


class Migration(migrations.Migration):
    dependencies = [("drivers", "0016_statement_notices")]

    operations = [
        migrations.RunPython(part_doubles, migrations.RunPython.noop),
        migrations.RunPython(end_doubles, migrations.RunPython.noop),
        migrations.AlterModelManagers(
            name="user", managers=[("objects", drivers.models.user.AccountManager())]
        ),
        migrations.AddField(
            model_name="invitation",
            name="accepted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="role",
            field=models.CharField(
                choices=[("manager", "Manager"), ("driver", "Driver"), ("resident", "Resident")],
                default="driver",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="invitation", name="invitation_one_open_per_email"),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                models.F("community"),
                Lower("email"),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open_per_email",
                violation_error_message="This address has an open invitation already.",
            ),
        ),
    ]
