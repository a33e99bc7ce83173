from typing import Any

from django.db import migrations

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell_in

BY_HOUSE_RULES = "By the house rules, without a manager."


def read_old_decisions(apps: Any, schema_editor: Any) -> None:
    said = {"code": "finding.by_house_rules", "facts": {}}
    apps.get_model("drivers", "Strike").objects.filter(decision=BY_HOUSE_RULES).update(
        decision="", decision_said=said
    )


def write_old_decisions(apps: Any, schema_editor: Any) -> None:
    apps.get_model("drivers", "Strike").objects.filter(decision_said__code="finding.by_house_rules").update(
        decision=BY_HOUSE_RULES, decision_said=None
    )
    notifications = apps.get_model("drivers", "Notification").objects
    for row in notifications.filter(said__isnull=False).only("said").iterator():
        text = tell_in("en", Said.of_stored(row.said))[:300]
        notifications.filter(pk=row.pk).update(text=text, said=None)


class Migration(migrations.Migration):
    dependencies = [("drivers", "0012_what_is_said")]

    operations = [migrations.RunPython(read_old_decisions, write_old_decisions)]
