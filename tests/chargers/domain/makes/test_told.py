"""What a make says of itself is kept as long as its firmware stays."""

import pytest

from chargers.domain.makes.told import note_configuration, remember_told, told_make
from chargers.models import ChargePoint, ChargerCommand, Make

pytestmark = pytest.mark.django_db


@pytest.fixture
def charge_point(db) -> ChargePoint:
    return ChargePoint(make=Make.objects.create(vendor="V", model="M"), firmware_version="1")


def tell(charge_point: ChargePoint, **values: str) -> Make:
    entries = [{"key": key, "value": value} for key, value in values.items()]
    note_configuration(ChargerCommand(charge_point=charge_point, result={"configurationKey": entries}))
    return Make.objects.get()


def test_answers_are_kept_with_the_firmware_that_gave_them(charge_point):
    assert told_make(charge_point) is None
    make = tell(charge_point, SupportedFeatureProfiles="Core", ChargeProfileMaxStackLevel="8")
    assert (make.feature_profiles, make.max_stack_level, make.rate_units) == ("Core", 8, "")
    assert (told_make(charge_point), make.told_firmware) == (make, "1")
    charge_point.firmware_version = "2"
    assert told_make(charge_point) is None


@pytest.mark.parametrize(
    ("level", "kept"), [("0", 0), ("999", 999), ("1000", None), ("-1", None), ("", None)]
)
def test_level_that_is_none_is_not_kept_and_long_words_are_cut(charge_point, level, kept):
    make = tell(charge_point, ChargeProfileMaxStackLevel=level, SupportedFeatureProfiles="x" * 300)
    assert (make.max_stack_level, make.feature_profiles) == (kept, "x" * 200)


def test_word_of_another_firmware_replaces_all_and_of_the_same_nothing_else(charge_point):
    tell(charge_point, SupportedFeatureProfiles="Core", ChargeProfileMaxStackLevel="8")
    remember_told(charge_point, {"measurands": "Voltage"})
    assert (Make.objects.get().max_stack_level, Make.objects.get().measurands) == (8, "Voltage")
    charge_point.firmware_version = "2"
    remember_told(charge_point, {"measurands": "SoC"})
    make = Make.objects.get()
    assert (make.feature_profiles, make.max_stack_level, make.measurands) == ("", None, "SoC")


def test_charge_point_of_no_make_tells_nothing_of_any():
    remember_told(ChargePoint(firmware_version="1"), {"measurands": "SoC"})
    assert not Make.objects.exists()
