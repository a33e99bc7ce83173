"""The reasons that the button and demand response gave. A manager's words stay as they are."""

from typing import Any

from django.db import migrations

BUTTON, CUT = "live-page-cut", "Cut to 50 % on the live page"
ENDING = ": demand response"


def read_old_reasons(apps: Any, schema_editor: Any) -> None:
    limits = apps.get_model("grid", "TemporaryLimit").objects
    cut = {"code": "limit.cut_on_live_page", "facts": {"share_pct": 50}}
    limits.filter(button=BUTTON, reason=CUT).update(reason="", reason_said=cut)
    asked = limits.filter(source="demand_response", reason__endswith=ENDING)
    for reason in asked.order_by().values_list("reason", flat=True).distinct():
        facts = {"program": reason.removesuffix(ENDING)}
        said = {"code": "limit.demand_response", "facts": facts}
        limits.filter(source="demand_response", reason=reason).update(reason="", reason_said=said)


def write_old_reasons(apps: Any, schema_editor: Any) -> None:
    for limit in apps.get_model("grid", "TemporaryLimit").objects.filter(reason_said__isnull=False):
        said = limit.reason_said
        program = said["facts"].get("program")
        limit.reason = CUT if program is None else f"{program}{ENDING}"
        limit.reason_said = None
        limit.save(update_fields=["reason", "reason_said"])


class Migration(migrations.Migration):
    dependencies = [("grid", "0017_what_is_said")]

    operations = [migrations.RunPython(read_old_reasons, write_old_reasons)]
