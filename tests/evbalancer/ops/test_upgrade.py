"""Old code goes on writing while a new version is rolled out: what it inserts has a value in every column that it does not know."""

from collections.abc import Iterator

from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED
from django.test import override_settings

# The last migrations of the last release, 0.1.0. With a release they become those of that release.
RELEASED = {
    "chargers": "0028_meter_public_key",
    "drivers": "0011_rules_in_words",
    "fleet": "0006_rules_in_words",
    "grid": "0016_everybody_first",
    "pricing": "0003_rules_in_words",
    "scheduling": "0019_what_is_learnt_of_drivers",
}


def columns_without_default() -> Iterator[str]:
    loader = MigrationLoader(None)
    before = loader.project_state(list(RELEASED.items()))
    after = loader.project_state()
    for key, model in after.models.items():
        known = before.models.get(key)
        if known is None or model.options.get("proxy"):
            continue
        for name, field in model.fields.items():
            if name in known.fields or field.many_to_many or field.null:
                continue
            if field.db_default is NOT_PROVIDED and not getattr(field, "generated", False):
                yield ".".join((*key, name))


# Tests on SQLite make their tables without migrations.
@override_settings(MIGRATION_MODULES={})
def test_new_columns_have_a_value_when_old_code_inserts():
    assert sorted(columns_without_default()) == []
