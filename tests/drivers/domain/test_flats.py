"""A driver belongs to one flat or cost centre of the own community, or to none."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from drivers.domain import flats
from drivers.domain.flats import FlatInUse
from drivers.models import Flat
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.drivers import DriverFactory, FlatFactory
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
BY = {"actor": SYSTEM, "now": NOW}


@pytest.fixture
def community():
    return CommunityFactory()


def test_flat_is_added_and_audited(community):
    flat = flats.add_flat(community, values={"name": "Flat 3", "holder": "Ada"}, **BY)
    assert (flat.kind, flat.billed_together) == ("flat", False)
    assert AuditEntry.objects.get(action="flat.added").after == {"name": "Flat 3", "holder": "Ada"}


@pytest.mark.parametrize(("values", "field"), [({"name": ""}, "name"), ({"name": "x" * 81}, "name")])
def test_flat_without_a_fitting_name_is_refused(community, values, field):
    with pytest.raises(InvalidInput) as refusal:
        flats.add_flat(community, values=values, **BY)
    assert refusal.value.field == field
    assert not Flat.objects.exists()


def test_name_of_another_flat_is_refused_however_it_is_written(community):
    flats.add_flat(community, values={"name": "Flat 3"}, **BY)
    with pytest.raises(InvalidInput, match="has a flat or cost centre of this name"):
        flats.add_flat(community, values={"name": "FLAT 3"}, **BY)
    with pytest.raises(IntegrityError), transaction.atomic():
        FlatFactory(community=community, name="flat 3")


def test_name_of_a_retired_flat_is_free_again(community):
    flat = flats.add_flat(community, values={"name": "Flat 3"}, **BY)
    flats.retire_flat(flat, **BY)
    flats.retire_flat(flat, **BY)
    assert flats.add_flat(community, values={"name": "Flat 3"}, **BY) != flat
    assert AuditEntry.objects.filter(action="flat.retired").count() == 1


def test_flat_with_drivers_is_not_retired(community):
    driver = DriverFactory(community=community, flat=FlatFactory(community=community))
    with pytest.raises(FlatInUse):
        flats.retire_flat(driver.flat, **BY)
    flats.move_driver(driver, None, **BY)
    flats.retire_flat(Flat.objects.get(), **BY)
    assert Flat.objects.get().retired_at == NOW


def test_driver_moves_once_and_the_trail_says_from_where(community):
    first, second = (FlatFactory(community=community, name=name) for name in ("A", "B"))
    driver = DriverFactory(community=community, flat=first)
    flats.move_driver(driver, second, **BY)
    flats.move_driver(driver, second, **BY)
    entry = AuditEntry.objects.get(action="driver.moved")
    assert (entry.before, entry.after) == ({"flat": "A"}, {"flat": "B"})


def test_driver_moves_into_no_flat_of_another_community_and_into_no_retired_one(community):
    driver = DriverFactory(community=community)
    for flat in (FlatFactory(), FlatFactory(community=community, retired_at=NOW)):
        with pytest.raises(InvalidInput):
            flats.move_driver(driver, flat, **BY)
    driver.refresh_from_db()
    assert driver.flat is None


def test_change_that_changes_nothing_leaves_no_trace(community):
    flat = FlatFactory(community=community, name="A")
    flats.change_flat(flat, values={"name": "A"}, **BY)
    assert not AuditEntry.objects.exists()
    flats.change_flat(flat, values={"billed_together": True}, **BY)
    assert AuditEntry.objects.get().before == {"billed_together": False}


def test_flat_is_found_by_name_in_its_community_alone(community):
    flat = FlatFactory(community=community, name="Flat 3")
    assert flats.find_flat(community, " flat 3 ") == flat
    assert flats.find_flat(CommunityFactory(), "Flat 3") is None
