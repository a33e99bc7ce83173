"""Charges for the highest quarter of an hour: set for months to come, never changed for those that drivers have begun to pay."""

from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext

from evbalancer.common.errors import InvalidInput, check_row
from grid.domain.audit import Actor, record_entry
from grid.models import Cluster
from pricing.domain.statements.lines import month_after
from pricing.enums import DemandSharing
from pricing.models import DemandCharge

EARLIEST_YEAR: Final = 2010
FACTS: Final = ("cluster_id", "first_day", "per_kw_minor", "sharing")


@transaction.atomic
def save_demand_charge(charge: DemandCharge, *, by: Actor, now: datetime) -> DemandCharge:
    """Add one, or change one that is still to come. Raises InvalidInput."""
    Cluster.objects.select_for_update(no_key=True).get(pk=charge.cluster_id)
    before = DemandCharge.objects.filter(pk=charge.pk).first()
    check_demand_charge(charge, now=now)
    check_row(charge)
    charge.save()
    record_entry(
        actor=by,
        action="demand_charge.added" if before is None else "demand_charge.changed",
        target=charge,
        now=now,
        before=None if before is None else _facts(before),
        after=_facts(charge),
    )
    return charge


def check_demand_charge(charge: DemandCharge, *, now: datetime) -> None:
    """Refuse what would change a month after its cars have charged. Raises InvalidInput."""
    today = _today(charge, now)
    before = DemandCharge.objects.filter(pk=charge.pk).first()
    if before is not None and before.has_begun(today):
        raise InvalidInput(
            "first_day", gettext("It has begun. Set another one from a later month on instead.")
        )
    charge.first_day = charge.first_day.replace(day=1)
    if charge.first_day.year < EARLIEST_YEAR:
        raise InvalidInput(
            "first_day", gettext("A month from %(earliest_year)s on.") % {"earliest_year": EARLIEST_YEAR}
        )
    if charge.sharing != DemandSharing.NOBODY and charge.has_begun(today):
        raise InvalidInput(
            "first_day",
            gettext("Drivers know a charge before they cause it: from %(today)s on at the earliest.")
            % {"today": f"{month_after(today):%Y-%m}"},
        )


@transaction.atomic
def remove_demand_charge(charge: DemandCharge, *, by: Actor, now: datetime) -> None:
    """Of one that is still to come, or that nobody pays. Raises InvalidInput."""
    if charge.sharing != DemandSharing.NOBODY and charge.has_begun(_today(charge, now)):
        raise InvalidInput(
            "first_day", gettext("It has begun. Set another one from a later month on instead.")
        )
    record_entry(actor=by, action="demand_charge.removed", target=charge, now=now, before=_facts(charge))
    charge.delete()


def _today(charge: DemandCharge, now: datetime) -> date:
    return now.astimezone(ZoneInfo(charge.cluster.community.time_zone)).date()


def _facts(charge: DemandCharge) -> dict[str, Any]:
    return {name: getattr(charge, name) for name in FACTS}
