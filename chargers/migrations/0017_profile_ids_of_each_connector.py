from django.db import migrations, models
from django.db.models import Exists, OuterRef


def mark_shared_ids(apps, schema_editor):
    """OCPP 1.6 charge points hold profiles under ids that all their connectors shared, and one may have replaced another's.

    So no limit of theirs is sure any more: each may still hold, and so may the default, until it is written again. Where every
    connector had a default under the one id, only the last of them is left.
    """
    ChargePoint = apps.get_model("chargers", "ChargePoint")
    Connector = apps.get_model("chargers", "Connector")
    ChargerCommand = apps.get_model("chargers", "ChargerCommand")
    shared = ChargePoint.objects.filter(ocpp_version="ocpp1.6", booted_at__isnull=False)
    shared.update(shares_profile_ids=True)
    mine = Connector.objects.filter(charge_point__shares_profile_ids=True)
    for connector in mine.filter(confirmed_ma__isnull=False):
        end_s = None if connector.confirmed_end_at is None else connector.confirmed_end_at.timestamp()
        connector.doubts = [*connector.doubts, [connector.confirmed_ma, end_s]]
        connector.in_doubt_ma = max(limit_ma for limit_ma, _ in connector.doubts)
        connector.confirmed_ma = connector.confirmed_at = connector.confirmed_end_at = None
        connector.default_from_at = None
        connector.save(
            update_fields=[
                "doubts", "in_doubt_ma", "confirmed_ma", "confirmed_at", "confirmed_end_at", "default_from_at",
            ]
        )  # fmt: skip
    each = ChargerCommand.objects.filter(
        charge_point_id=OuterRef("charge_point_id"),
        kind="set_default_limit",
        connector__isnull=False,
        state__in=["accepted", "sent", "unknown", "error"],
    )
    mine.filter(Exists(each)).update(fallback_confirmed_at=None)
    siblings = Connector.objects.filter(
        charge_point_id=OuterRef("charge_point_id"), retired_at=None
    ).exclude(pk=OuterRef("pk"))
    mine.filter(Exists(each), Exists(siblings)).update(fallback_ma=None)


class Migration(migrations.Migration):
    dependencies = [
        ("chargers", "0016_measured_draws"),
    ]

    operations = [
        migrations.AddField(
            model_name="chargepoint",
            name="shares_profile_ids",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="It may hold profiles from when all connectors of OCPP 1.6 had the same ids.",
            ),
        ),
        migrations.AddField(
            model_name="chargepointmodel",
            name="keeps_limits_apart",
            field=models.BooleanField(
                null=True,
                help_text="A limit stays when another connector of the charge point is given one.",
            ),
        ),
        migrations.RunPython(mark_shared_ids, migrations.RunPython.noop),
    ]
