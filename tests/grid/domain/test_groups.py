"""Groups hold rows of their own community, and stay while something names them."""

from datetime import UTC, datetime

import pytest

from chargers.models import ConnectorGroup
from drivers.models import DriverGroup
from evbalancer.common.errors import InvalidInput, NotFound
from grid.domain.audit import SYSTEM
from grid.domain.groups import GroupInUse, remove_group, save_group
from grid.models import AuditEntry
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import TariffAssignmentFactory

pytestmark = pytest.mark.django_db
BY = {"actor": SYSTEM, "now": datetime(2026, 5, 1, tzinfo=UTC)}


@pytest.fixture
def community():
    return CommunityFactory()


@pytest.fixture
def staff(community):
    group = DriverGroup(community=community, name="Staff")
    save_group(group, members={"drivers": [DriverFactory(community=community, name="Ada")]}, **BY)
    return group


def test_change_of_members_is_recorded_by_name_and_leaves_the_other_relation(staff, community):
    save_group(staff, members={"drivers": [DriverFactory(community=community, name="Bo")]}, **BY)
    save_group(staff, members={}, **BY)
    entry = AuditEntry.objects.get(action="group.changed")
    assert (entry.before["drivers"], entry.after["drivers"], entry.after["flats"]) == (["Ada"], ["Bo"], [])


def test_member_of_another_community_does_not_exist(staff):
    with pytest.raises(NotFound):
        save_group(staff, members={"drivers": [DriverFactory()]}, **BY)
    assert staff.drivers.get().name == "Ada"


def test_name_is_given_once_however_it_is_capitalised(staff, community):
    with pytest.raises(InvalidInput, match="The community has a group of this name"):
        save_group(DriverGroup(community=community, name="STAFF"), members={}, **BY)
    # Connectors have names of their own.
    group = ConnectorGroup(community=community, name="Staff")
    save_group(group, members={"connectors": [ConnectorFactory(circuit__cluster__community=community)]}, **BY)
    assert group.connectors.count() == 1


def test_group_that_a_tariff_names_stays(staff, community):
    TariffAssignmentFactory(tariff__community=community, tariff__name="Night", driver_group=staff)
    with pytest.raises(GroupInUse, match="It is named by Night for Staff"):
        remove_group(staff, **BY)
    assert staff.drivers.count() == 1


def test_group_that_nothing_names_is_removed(staff):
    remove_group(staff, **BY)
    assert not DriverGroup.objects.exists()
    assert AuditEntry.objects.get(action="group.removed").before["drivers"] == ["Ada"]
