from datetime import timedelta

import pytest

from scheduling.domain.conduct.house_rules import read_thresholds, rules_of
from scheduling.models import HouseRules
from scheduling.rules.abuse import Thresholds
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db


def test_community_without_rules_has_the_defaults_and_stores_none():
    community = CommunityFactory()
    rules = rules_of(community)
    assert (rules.community, rules._state.adding) == (community, True)
    assert read_thresholds(community, rules) == Thresholds()
    assert not HouseRules.objects.exists()


def test_rules_are_the_communitys_own():
    community, neighbour = CommunityFactory(), CommunityFactory()
    own = HouseRules.objects.create(community=community, no_shows=7)
    assert rules_of(community) == own
    assert rules_of(neighbour).no_shows == 3


def test_thresholds_are_in_the_units_of_the_rules():
    community = CommunityFactory(overstay_grace_min=45)
    rules = HouseRules(
        community=community,
        emergency_stay_h=5,
        no_shows=4,
        no_show_days=60,
        open_slots=6,
        unused_pct=70,
        shared_tag_min=15,
        energy_tolerance_pct=30,
        energy_tolerance_wh=4_000,
        tamper_events=2,
    )
    assert read_thresholds(community, rules) == Thresholds(
        overstay_grace=timedelta(minutes=45),
        emergency_stay=timedelta(hours=5),
        no_shows=4,
        no_show_period=timedelta(days=60),
        open_slots=6,
        unused_share=0.7,
        shared_for=timedelta(minutes=15),
        energy_share=0.3,
        energy_wh=4_000,
        tamper_events=2,
    )
