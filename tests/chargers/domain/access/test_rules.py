import pytest

from chargers.domain.access.rules import find_rules, set_access
from chargers.domain.access.sentences import Rule
from chargers.enums import Audience, CommandKind, OcppVersion
from chargers.models import AccessRule, ChargePoint, ChargerCommand
from drivers.models import DriverGroup
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.domain.groups import GroupInUse, remove_group, save_group
from grid.models import AuditEntry
from tests.factories.drivers import DriverGroupFactory, FlatFactory


def test_rules_are_set_as_a_whole_and_leave_a_trail(connector, keep, now):
    FlatFactory(community=connector.community, name="Flat 3")
    assert keep(connector, "flat Flat 3; guests")
    assert keep(connector, "guests, 08:00-18:00\nguests, 08:00-18:00")
    [rule] = find_rules(connector)
    assert (rule.audience, rule.start_min, rule.end_min) == ("guests", 480, 1080)
    trail = AuditEntry.objects.filter(action="connector.access_changed")
    assert {entry.before["access"]: entry.after["access"] for entry in trail} == {
        "everybody": "flat Flat 3\nguests",
        "flat Flat 3\nguests": "guests, 08:00-18:00",
    }
    assert not keep(connector, "guests, 08:00-18:00")
    assert keep(connector, "")
    assert trail.all().count() == 3


@pytest.mark.parametrize("words", ["guests, 08:00-08:00", "guests, 24:00-06:00"])
def test_hours_that_are_none_are_refused_and_nothing_changes(connector, keep, words):
    keep(connector, "guests")
    with pytest.raises(InvalidInput) as refusal:
        keep(connector, words)
    assert (
        refusal.value.detail
        == "Hours begin before 24:00 and end after 00:00, at another time than they begin."
    )
    assert [rule.end_min for rule in find_rules(connector)] == [1440]


def test_groups_and_flats_of_others_and_missing_ones_are_refused(connector, now):
    foreign = DriverGroupFactory()
    for rule in (
        Rule(Audience.GROUP, group=foreign),
        Rule(Audience.GROUP),
        Rule(Audience.GUESTS, group=foreign),
    ):
        with pytest.raises(InvalidInput):
            set_access(connector, [rule], actor=SYSTEM, now=now)
    with pytest.raises(InvalidInput, match="At most 20 rules"):
        set_access(connector, [Rule(Audience.GUESTS)] * 21, actor=SYSTEM, now=now)
    assert not AccessRule.objects.exists()


def test_a_group_that_a_space_is_kept_for_stays(connector, keep, now):
    DriverGroupFactory(community=connector.community, name="Tesla")
    keep(connector, "group Tesla")
    with pytest.raises(GroupInUse, match="It is named by"):
        remove_group(DriverGroup.objects.get(), actor=SYSTEM, now=now)


def test_a_charge_point_forgets_cards_when_its_rules_or_their_groups_change(connector, keep, now):
    """Only that charge point, and only if it has ever connected."""
    ChargePoint.objects.filter(pk=connector.charge_point_id).update(ocpp_version=OcppVersion.V16)
    clears = ChargerCommand.objects.filter(kind=CommandKind.CLEAR_CACHE)
    group = DriverGroupFactory(community=connector.community, name="Tesla")
    keep(connector, "group Tesla")
    assert clears.count() == 1
    clears.delete()
    group.name = "Teslas"
    save_group(group, members={}, actor=SYSTEM, now=now)
    assert [row.charge_point_id for row in clears] == [connector.charge_point_id]
