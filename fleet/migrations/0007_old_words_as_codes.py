"""Why a car was thought to be a stay's, as codes instead of English words. Others stay as they are."""

from typing import Any

from django.db import migrations, models

CODES = {
    "the driver's card": "stay.card",
    "booked for this car": "stay.booked",
    "it is plugged in elsewhere here": "stay.elsewhere",
    "it says that it is not plugged in": "stay.says_unplugged",
    "it says that it is plugged in": "stay.says_plugged_in",
    "it was plugged in at that time": "stay.plugged_in_then",
    "it is here": "stay.is_here",
    "it is somewhere else": "stay.is_away",
    "it cannot draw on so many phases": "stay.too_many_phases",
    "it cannot draw so much": "stay.too_much",
    "its charge did not rise": "stay.charge_did_not_rise",
    "its charge rose by what was drawn": "stay.charge_rose_as_drawn",
    "its charge rose by something else": "stay.charge_rose_otherwise",
    "the driver says so": "stay.driver_says_so",
}


def read_word(word: Any) -> Any:
    if not isinstance(word, str):
        return word
    if word in CODES:
        return {"code": CODES[word], "facts": {}}
    return {"code": "words", "facts": {"text": word}}


def write_word(said: Any) -> Any:
    words = {code: word for word, code in CODES.items()}
    return words.get(said["code"], said["facts"].get("text", ""))


def read_old_words(apps: Any, schema_editor: Any) -> None:
    stays = apps.get_model("fleet", "Stay").objects
    for stay in stays.exclude(why=[]).only("why").iterator():
        stays.filter(pk=stay.pk).update(why=[read_word(word) for word in stay.why])


def write_old_words(apps: Any, schema_editor: Any) -> None:
    stays = apps.get_model("fleet", "Stay").objects
    for stay in stays.exclude(why=[]).only("why").iterator():
        stays.filter(pk=stay.pk).update(why=[write_word(said) for said in stay.why])


class Migration(migrations.Migration):
    dependencies = [("fleet", "0006_rules_in_words")]

    operations = [
        migrations.AlterField("stay", "why", models.JSONField(blank=True, default=list, editable=False)),
        migrations.RunPython(read_old_words, write_old_words),
    ]
