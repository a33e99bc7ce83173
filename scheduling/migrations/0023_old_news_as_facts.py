"""News of emergencies and strikes that were written in English. Those in the driver's own language stay as they were written."""

import re
from importlib import import_module
from typing import Any

from django.db import migrations

STATES = {
    "Waiting for a manager": "pending",
    "Accepted": "accepted",
    "Refused": "refused",
    "Revoked": "revoked",
    "Done": "done",
}
KINDS = {
    "Overstay while others wait": "overstay",
    "Repeated no-shows": "no_show",
    "Slot hoarding": "hoarding",
    "Refuted emergency": "refuted_emergency",
    "Tag sharing": "tag_sharing",
    "Meter and car contradict": "energy_mismatch",
    "Signs of tampering": "tampering",
}
BY_HOUSE_RULES = "By the house rules, without a manager."


def read_news(text: str) -> Any:
    """None for what is not recognised."""
    found = re.fullmatch(r"Emergency: ([\w ]+)\. ?(.*)", text, re.DOTALL)
    if found is not None and found[1] in STATES:
        read = import_module("scheduling.migrations.0021_old_sentences_as_facts").read_emergency
        why = [read(sentence) for sentence in re.split(r"(?<=\.) ", found[2]) if sentence]
        state = {"code": f"emergency_state.{STATES[found[1]]}", "facts": {}}
        return {"code": "emergency.moved", "facts": {"state": state, "why": why}}
    found = re.fullmatch(r"A strike: ([\w -]+)\. (.*) You can appeal\.", text, re.DOTALL)
    if found is not None and found[1] in KINDS:
        rules = {"code": "finding.by_house_rules", "facts": {}}
        about = {"code": f"finding_kind.{KINDS[found[1]]}", "facts": {}}
        facts = {"about": about, "why": rules if found[2] == BY_HOUSE_RULES else found[2]}
        return {"code": "finding.strike", "facts": facts}
    return None


def read_old_news(apps: Any, schema_editor: Any) -> None:
    news = apps.get_model("drivers", "Notification").objects
    for row in news.filter(said__isnull=True, kind__in=["emergency", "standing"]).only("text").iterator():
        said = read_news(row.text)
        if said is not None:
            news.filter(pk=row.pk).update(text="", said=said)


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0022_attendance"), ("drivers", "0013_old_decisions_as_facts")]

    operations = [
        # The way back is that of drivers.0013, which writes the text of every notification.
        migrations.RunPython(read_old_news, migrations.RunPython.noop)
    ]
