"""Setting charges for the highest quarter of an hour."""

from datetime import UTC, date, datetime

import pytest

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from pricing.domain.statements.demand_charges import remove_demand_charge, save_demand_charge
from pricing.enums import DemandSharing
from pricing.models import DemandCharge
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.django_db
# In Berlin it is December already.
NOW = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)


@pytest.fixture
def cluster():
    return ClusterFactory(community__time_zone="Europe/Berlin")


def charge_from(cluster, first_day, sharing=DemandSharing.PEAK, **changes):
    values = {"per_kw_minor": 1_200} | changes
    return DemandCharge(
        community=cluster.community, cluster=cluster, first_day=first_day, sharing=sharing, **values
    )


def save(charge):
    return save_demand_charge(charge, by=SYSTEM, now=NOW)


def refused(charge, act=save):
    with pytest.raises(InvalidInput) as refusal:
        act(charge)
    return refusal.value.field, refusal.value.detail


def test_charge_begins_with_a_month_and_leaves_a_trail(cluster):
    charge = save(charge_from(cluster, date(2027, 1, 20)))
    assert charge.first_day == date(2027, 1, 1)
    charge.per_kw_minor = 1_300
    save(charge)
    entries = AuditEntry.objects.filter(target_id=str(charge.pk)).order_by("at", "pk")
    assert {entry.action: (entry.before or {}).get("per_kw_minor") for entry in entries} == {
        "demand_charge.added": None,
        "demand_charge.changed": 1_200,
    }


def test_drivers_share_no_charge_before_they_could_know_it(cluster):
    assert refused(charge_from(cluster, date(2026, 12, 1))) == (
        "first_day",
        "Drivers know a charge before they cause it: from 2027-01 on at the earliest.",
    )
    assert save(charge_from(cluster, date(2026, 10, 1), DemandSharing.NOBODY)).pk


def test_what_has_begun_is_neither_changed_nor_removed(cluster):
    charge = charge_from(cluster, date(2026, 11, 1))
    charge.save()
    begun = ("first_day", "It has begun. Set another one from a later month on instead.")
    charge.per_kw_minor = 1
    assert refused(charge) == begun
    assert refused(charge, lambda row: remove_demand_charge(row, by=SYSTEM, now=NOW)) == begun
    assert DemandCharge.objects.get().per_kw_minor == 1_200


def test_what_nobody_pays_and_what_is_to_come_is_removed(cluster):
    for first_day, sharing in (
        (date(2026, 1, 1), DemandSharing.NOBODY),
        (date(2027, 1, 1), DemandSharing.PEAK),
    ):
        remove_demand_charge(save(charge_from(cluster, first_day, sharing)), by=SYSTEM, now=NOW)
    assert not DemandCharge.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"), [({"per_kw_minor": 0}, "per_kw_minor"), ({"per_kw_minor": 100_001}, "per_kw_minor")]
)
def test_absurd_prices_are_refused(cluster, changes, field):
    assert refused(charge_from(cluster, date(2027, 1, 1), **changes))[0] == field


def test_two_of_a_month_and_a_month_of_long_ago_are_refused(cluster):
    save(charge_from(cluster, date(2027, 1, 1)))
    assert "begins with that month" in refused(charge_from(cluster, date(2027, 1, 31)))[1]
    assert refused(charge_from(cluster, date(2009, 1, 1), DemandSharing.NOBODY)) == (
        "first_day",
        "A month from 2010 on.",
    )
