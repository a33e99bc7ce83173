import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from evbalancer.dashboard.live.access import Rights, home_clusters, rights_on
from tests.evbalancer.dashboard.conftest import House
from tests.factories.drivers import DriverFactory, UserFactory
from tests.factories.grid import CircuitFactory, ClusterFactory

ANYONE = AnonymousUser()


def test_rights_of_anyone_end_at_sums_and_at_what_is_public(house: House, other_house: House) -> None:
    assert rights_on(house.cluster, ANYONE) is Rights.PUBLIC
    assert rights_on(other_house.cluster, ANYONE) is None


def test_rights_follow_membership(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community).user
    assert rights_on(house.cluster, house.manager()) is Rights.MANAGER
    assert rights_on(house.cluster, house.resident()) is Rights.RESIDENT
    assert rights_on(house.cluster, driver) is Rights.RESIDENT
    assert rights_on(house.cluster, UserFactory(is_superuser=True)) is Rights.MANAGER


def test_rights_of_a_driver_without_membership_are_a_strangers(house: House, other_house: House) -> None:
    for home, rights in ((house, Rights.PUBLIC), (other_house, None)):
        driver = DriverFactory(community=home.cluster.community, membership=None)
        assert rights_on(home.cluster, driver.user) is rights
        driver.retired_at = timezone.now()
        driver.save()
        assert rights_on(home.cluster, driver.user) is rights


@pytest.mark.promise("S7")
def test_rights_in_one_house_say_nothing_about_another(house: House, other_house: House) -> None:
    manager = house.manager()
    assert rights_on(other_house.cluster, manager) is None
    assert list(home_clusters(manager)) == [house.cluster]


@pytest.mark.promise("S9")
def test_rights_end_with_the_account(house: House) -> None:
    manager = house.manager()
    manager.is_active = False
    assert rights_on(house.cluster, manager) is Rights.PUBLIC


def test_home_clusters_of_a_stranger_are_the_public_ones(house: House, other_house: House) -> None:
    assert list(home_clusters(ANYONE)) == [house.cluster]
    assert list(home_clusters(UserFactory())) == [house.cluster]
    assert set(home_clusters(UserFactory(is_superuser=True))) == {house.cluster, other_house.cluster}


def test_home_clusters_leave_out_what_is_retired(house: House) -> None:
    house.cluster.retired_at = timezone.now()
    house.cluster.save()
    assert list(home_clusters(ANYONE)) == []


def test_home_clusters_leave_out_what_has_no_transformer_yet(house: House) -> None:
    community = house.cluster.community
    ClusterFactory(community=community)
    CircuitFactory(cluster=ClusterFactory(community=community), retired_at=timezone.now())
    assert list(home_clusters(house.manager())) == [house.cluster]
