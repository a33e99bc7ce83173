from datetime import UTC, datetime

import pytest

from drivers.domain.erasing import erase_person
from drivers.domain.groups import find_groups
from drivers.models import DriverGroup
from tests.factories.drivers import DriverFactory, DriverGroupFactory, FlatFactory
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def community():
    return CommunityFactory()


def test_driver_is_in_groups_by_name_and_by_flat_once_each(community):
    flat = FlatFactory(community=community)
    ada = DriverFactory(community=community, flat=flat)
    group = DriverGroupFactory(community=community, drivers=[ada])
    group.flats.add(flat)
    by_flat = DriverGroup.objects.create(community=community, name="Tenants")
    by_flat.flats.add(flat)
    assert set(find_groups(ada)) == {group, by_flat}
    assert find_groups(ada).count() == 2


def test_driver_without_a_flat_is_not_in_groups_without_flats(community):
    DriverGroupFactory(community=community)
    assert not find_groups(DriverFactory(community=community)).exists()


def test_erased_driver_is_in_no_group(community):
    ada = DriverFactory(community=community)
    DriverGroupFactory(community=community, drivers=[ada])
    erase_person(ada, now=datetime(2026, 5, 1, tzinfo=UTC))
    assert not find_groups(ada).exists()
