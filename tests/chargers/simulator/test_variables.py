from dataclasses import fields

import pytest

from chargers.simulator.plant.spec import Settings
from chargers.simulator.variables import OBEYED


def test_every_row_is_a_setting_with_a_name_of_its_own_in_each_version():
    known = {field.name for field in fields(Settings)}
    keys = [one.key for one in OBEYED if one.key is not None]
    paths = [one.path for one in OBEYED if one.path is not None]
    assert [one.attribute for one in OBEYED if one.attribute not in known] == []
    assert (len(keys), len(paths)) == (len(set(keys)), len(set(paths)))


@pytest.mark.parametrize("one", OBEYED, ids=lambda one: one.attribute)
def test_setting_reads_what_it_shows(one):
    settings = Settings()
    shown = one.show(settings)
    one.store(settings, shown)
    assert settings == Settings()


@pytest.mark.parametrize(
    ("attribute", "text"),
    [("heartbeat_s", "-1"), ("heartbeat_s", "x"), ("cache_enabled", "perhaps"), ("sampled", "Temperature")],
)
def test_text_that_is_no_such_value_changes_nothing(attribute, text):
    settings = Settings()
    [one] = [one for one in OBEYED if one.attribute == attribute]
    with pytest.raises(ValueError, match=text):
        one.store(settings, text)
    assert settings == Settings()
