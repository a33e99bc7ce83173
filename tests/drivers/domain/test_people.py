import pytest
from django.utils import timezone

from drivers.domain.people import Person, appoint_manager, enter_person, find_person, has_manager
from drivers.enums import Role
from drivers.models import Driver, Flat, Membership, User
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.drivers import DriverFactory, UserFactory
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db


def by():
    return {"actor": SYSTEM, "now": timezone.now()}


def test_person_of_a_list_is_one_driver_however_often_the_list_comes():
    community = CommunityFactory()
    person = Person("Anna Berger", "anna@example.org", "A-01", "Flat 1")
    first = enter_person(community, person, **by())
    again = enter_person(community, Person("Anna B.", "ANNA@example.org", "A-07", "flat 1"), **by())
    assert again == first
    first.refresh_from_db()
    assert (first.name, first.unit, first.flat.name) == ("Anna Berger", "A-07", "Flat 1")
    assert Flat.objects.count() == 1


def test_people_without_mail_are_told_apart_by_their_space():
    community = CommunityFactory()
    left, right = (enter_person(community, Person("Dora", unit=unit), **by()) for unit in ("A-01", "A-02"))
    assert left != right
    assert find_person(community, Person("dora", unit="a-02")) == right
    assert find_person(CommunityFactory(), Person("Dora", unit="A-01")) is None


def test_somebody_who_has_left_is_another_person():
    community = CommunityFactory()
    left = DriverFactory(
        community=community, name="Dora", email="dora@example.org", retired_at=timezone.now()
    )
    assert enter_person(community, Person("Dora", "dora@example.org"), **by()) != left


@pytest.mark.parametrize(
    "person", [Person(""), Person("A", "nomail"), Person("A" * 121), Person("A", unit="x" * 41)]
)
def test_refused_person_is_not_stored(person):
    with pytest.raises(InvalidInput):
        enter_person(CommunityFactory(), person, **by())
    assert not Driver.objects.exists()
    assert not AuditEntry.objects.exists()


def test_first_manager_gets_an_account_with_a_password_seen_once():
    community = CommunityFactory()
    assert not has_manager(community.pk)
    user, password = appoint_manager(
        community, username="anna", name="Anna von Berg", email="anna@example.org", **by()
    )
    user.refresh_from_db()
    assert user.check_password(password)
    assert (user.first_name, user.last_name, user.is_staff, user.is_superuser) == (
        "Anna von",
        "Berg",
        True,
        False,
    )
    assert has_manager(community.pk)
    assert appoint_manager(community, username="anna", name="", email="", **by()) == (user, "")
    assert AuditEntry.objects.filter(action="membership.added").count() == 1


def test_account_that_exists_keeps_its_password_and_manages_from_now_on():
    user = UserFactory(username="boss")
    user.set_password("as it was before")
    user.save()
    community = CommunityFactory()
    assert appoint_manager(community, username="boss", name="B", email="", **by())[1] == ""
    user.refresh_from_db()
    assert user.check_password("as it was before")
    assert Membership.objects.get(user=user).role == Role.MANAGER


def test_address_of_an_account_names_its_person():
    user = UserFactory(username="boss", email="boss@example.org")
    assert appoint_manager(CommunityFactory(), username="b", name="B", email="BOSS@example.org", **by()) == (
        user,
        "",
    )


@pytest.mark.parametrize(("username", "email"), [("", ""), ("a b", ""), ("anna", "nomail")])
def test_refused_manager_is_not_stored(username, email):
    with pytest.raises(InvalidInput):
        appoint_manager(CommunityFactory(), username=username, name="", email=email, **by())
    assert not User.objects.exists()
