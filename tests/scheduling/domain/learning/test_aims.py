from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.domain.topology import read_tree
from grid.models import AuditEntry
from pricing.domain.signals import Hearing, take_source
from pricing.enums import SignalQuantity
from pricing.signals.push import PushSource
from pricing.signals.series import Unit
from scheduling.domain.learning import aims
from scheduling.domain.learning.aims import NO_AIM, Aimed, Season, choose_aims, read_aim
from scheduling.enums import ClusterAim
from scheduling.models import AimSeason
from scheduling.solver.problem import Aim
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import EnergySignalFactory, TariffFactory, TariffWindowFactory

pytestmark = pytest.mark.django_db
# 23:07 in Berlin on the last of March.
NOW = datetime(2026, 3, 31, 21, 7, tzinfo=UTC)
WINTER, SUMMER = Season(ClusterAim.PEAK, 11, 3), Season(ClusterAim.PRICE, 4, 10)


@pytest.fixture
def root():
    return CircuitFactory(cluster__community__time_zone="Europe/Berlin")


def choose(root, *seasons):
    return choose_aims(root.cluster, seasons, actor=SYSTEM, reason="Why not", now=NOW)


def aimed(root, now=NOW):
    return read_aim(root.cluster, read_tree(root.cluster), now=now)


def test_without_a_choice_there_is_no_aim(root):
    TariffFactory(community=root.community)
    assert aimed(root) == NO_AIM


def test_aim_is_the_months_on_the_communitys_clock(root):
    choose(root, WINTER, SUMMER)
    assert aims.aim_at(root.cluster, at=NOW) is Aim.PEAK
    assert aims.aim_at(root.cluster, at=NOW + timedelta(hours=1)) is Aim.PRICE


def test_months_without_a_season_have_no_aim(root):
    choose(root, SUMMER)
    assert aims.aim_at(root.cluster, at=NOW) is Aim.NONE


def test_price_is_the_tariffs_from_the_quarter_that_runs(root):
    choose(root, Season(ClusterAim.PRICE))
    assert aimed(root) == NO_AIM
    tariff = TariffFactory(community=root.community)
    TariffWindowFactory(tariff=tariff, start_min=0, end_min=360, price_per_mwh_minor=20_000)
    found = aimed(root)
    assert (found.aim, len(found.price)) == (Aim.PRICE, 96)
    # 23:00 to midnight, and what is cheaper after it.
    assert found.price[:5] == (30_000.0,) * 4 + (20_000.0,)


def test_carbon_is_taken_as_far_as_it_is_known(root):
    choose(root, Season(ClusterAim.CARBON))
    signal = EnergySignalFactory(community=root.community, quantity=SignalQuantity.CARBON)
    assert aimed(root) == NO_AIM
    source = PushSource(NOW.replace(minute=0), 900, Unit.G_PER_KWH, (Decimal(400), Decimal(100)))
    take_source(signal, source, Hearing("test", "values", SYSTEM, NOW))
    assert aimed(root) == Aimed(Aim.CARBON, carbon=(400.0, 100.0))
    EnergySignalFactory(community=root.community, quantity=SignalQuantity.CARBON)
    assert aimed(root) == NO_AIM


def test_peak_without_a_billed_one_begins_at_nothing(root):
    choose(root, Season(ClusterAim.PEAK))
    assert aimed(root) == Aimed(Aim.PEAK, peak_w=0.0)


def test_choice_replaces_the_earlier_one_and_is_audited(root):
    choose(root, Season(ClusterAim.PRICE))
    choose(root, WINTER)
    assert [str(row) for row in AimSeason.objects.all()] == ["A low peak, months 11 to 3"]
    entry = AuditEntry.objects.filter(action="aims.chosen").order_by("-at", "-pk")
    assert {"aims": ["Cheap hours first, months 1 to 12"]} in [each.before for each in entry]
    assert {each.reason for each in entry} == {"Why not"}


@pytest.mark.parametrize(
    ("seasons", "sentence"),
    [
        (
            (WINTER, Season(ClusterAim.PRICE, 3, 10)),
            "Month 3 has an aim already: A low peak, months 11 to 3.",
        ),
        ((Season(ClusterAim.PRICE, 0, 10),), "A month from 1 to 12."),
        ((Season(ClusterAim.PRICE, 1, 13),), "A month from 1 to 12."),
    ],
)
def test_seasons_that_can_not_be_are_refused_and_change_nothing(root, seasons, sentence):
    choose(root, SUMMER)
    with pytest.raises(InvalidInput) as refusal:
        choose(root, *seasons)
    assert str(refusal.value) == sentence
    assert AimSeason.objects.count() == 1
