"""Promise E7: fallbacks that do not fit any circuit above are refused, with the missing amperes."""

import pytest
from django.core.exceptions import ValidationError

from chargers.domain.limits.commissioning import check_connector
from chargers.models import Connector
from grid.domain import commissioning
from grid.models import Circuit
from tests.e2e import site

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E7")]


@pytest.fixture
def built() -> site.Built:
    return site.build()


def _connector(identity: str, fallback_ma: int) -> Connector:
    connector = Connector.objects.select_related("charge_point__cluster").get(charge_point__identity=identity)
    connector.chosen_fallback_ma = fallback_ma
    return connector


def test_fallback_that_fits_is_taken(built: site.Built) -> None:
    check_connector(_connector("A1", 20_000))


def test_fallback_that_does_not_fit_is_refused_with_the_missing_amperes(built: site.Built) -> None:
    # Panel A carries 40 A less 1 A of margin; A4 and A5 fall back to 10 A on all three phases.
    Connector.objects.filter(charge_point__identity__in=["A4", "A5"]).update(chosen_fallback_ma=10_000)
    with pytest.raises(ValidationError) as refused:
        check_connector(_connector("A1", 24_000))
    assert refused.value.messages == [
        "Panel A, L1: the fallbacks below it, the building's maximum and the margin need 5 A more than the limit."
    ]


def test_fallback_counts_on_every_circuit_above(built: site.Built) -> None:
    # The transformer carries 75 A less 8 A of the building and 1 A of margin; each panel would carry its own part.
    Connector.objects.filter(charge_point__identity="B1").update(chosen_fallback_ma=32_000)
    Connector.objects.filter(charge_point__identity="A5").update(chosen_fallback_ma=6_000)
    with pytest.raises(ValidationError) as refused:
        check_connector(_connector("A1", 32_000))
    assert refused.value.messages == [
        "Transformer, L1: the fallbacks below it, the building's maximum and the margin need 4 A more than the limit."
    ]


def test_fallback_on_unknown_phases_counts_on_all_three(built: site.Built) -> None:
    Connector.objects.filter(charge_point__identity="A2").update(chosen_fallback_ma=32_000)
    Connector.objects.filter(charge_point__identity="A1").update(phase_rotation="")
    with pytest.raises(ValidationError, match=r"Panel A, L2: .* need 1 A more"):
        check_connector(_connector("A1", 8_000))


def test_fallback_still_confirmed_counts_until_the_charger_has_taken_the_new_one(built: site.Built) -> None:
    Connector.objects.filter(charge_point__identity="A4").update(fallback_ma=16_000, chosen_fallback_ma=0)
    with pytest.raises(ValidationError, match=r"Panel A, L1: .* need 9 A more"):
        check_connector(_connector("A1", 32_000))


def test_circuit_whose_limit_the_fallbacks_exceed_is_refused(built: site.Built) -> None:
    Connector.objects.filter(charge_point__identity="A1").update(chosen_fallback_ma=20_000)
    panel = Circuit.objects.get(name="Panel A")
    panel.limit_l1_ma = 18_000
    with pytest.raises(ValidationError, match=r"Panel A, L1: .* need 3 A more"):
        commissioning.check_circuits(panel.cluster, changed=panel)
    panel.limit_l1_ma = 21_000
    commissioning.check_circuits(panel.cluster, changed=panel)
