import pytest
from django.core.exceptions import ValidationError

from evbalancer.common.plain import check_one_line
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory, ClusterFactory, CommunityFactory


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\x00", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"])
def test_line_with_a_control_character_is_refused(character):
    with pytest.raises(ValidationError):
        check_one_line(f"Maple{character}Court")


@pytest.mark.parametrize("text", ["", "Maple Court", "Ahornhof 3 / Süd", "楓の庭", "a\u200db", "+=@"])
def test_other_text_is_a_line(text):
    check_one_line(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("factory", "field"),
    [
        (CommunityFactory, "name"),
        (ClusterFactory, "name"),
        (CircuitFactory, "name"),
        (VehicleFactory, "name"),
        (DriverFactory, "unit"),
        (lambda: ConnectorFactory().charge_point, "name"),
    ],
)
def test_names_of_all_kinds_are_one_line(factory, field):
    row = factory()
    setattr(row, field, "One\nBcc: everybody@example.org")
    with pytest.raises(ValidationError) as refusal:
        row.full_clean()
    assert "one_line" in [error.code for error in refusal.value.error_dict[field]]
