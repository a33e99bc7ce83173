"""Versions of tariffs: published once, never changed, and named by the bills that they priced."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext

from evbalancer.common.clocks.holidays import holidays_of
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import Actor, record_entry
from grid.models import Community
from pricing.models import BillingMonth, Tariff, TariffVersion, TariffWindow
from pricing.models.fees import FEES, fees_of
from pricing.rating.ocpi.fields import UnreadableError
from pricing.rating.ocpi.tariffs import tariff_of, tariffs_in, unread_restrictions
from pricing.rating.ocpi.writing import words_of_tariff
from pricing.rating.rate import Rater
from pricing.rating.tariff import Restrictions
from pricing.rating.tariff import Tariff as Terms
from pricing.rating.weekly import Window, weekly_tariff

CENTS: Final = 2
# What a currency's unit can hardly cost: a slip of the decimal point, and no price.
MOST_PRICE: Final = Decimal(100)
MOST_SESSION: Final = Decimal(10_000)
# Of public holidays a version names those of so many years, so that it never changes.
HOLIDAY_YEARS: Final = 10
LEAST_YEARS: Final = 3
NO_REGION: Final = "Choose the region of public holidays on the community's page first."
EDITED: Final = ("number", *FEES, "body")


@transaction.atomic
def publish_version(
    tariff: Tariff, *, by: Actor, now: datetime, terms: Terms | None = None
) -> TariffVersion | None:
    """Publish what the tariff says now: its week's table, or these terms. None where the newest version says the same.

    A version prices sessions that begin after its publication: no price counts before somebody could know it.
    """
    Tariff.objects.select_for_update(no_key=True).get(pk=tariff.pk)
    last = tariff.versions.order_by("-number").first()
    body = _body_of(tariff, terms, last, now=now)
    version = TariffVersion(
        community=tariff.community,
        tariff=tariff,
        number=last.number + 1 if last else 1,
        begins_at=max(now, tariff.valid_from),
        body=body,
        **fees_of(tariff),
        published_at=now,
        published_by=by.label[:150],
    )
    if last is not None and all(getattr(last, name) == getattr(version, name) for name in EDITED[1:]):
        return None
    version.save()
    facts = {name: getattr(version, name) for name in EDITED}
    record_entry(actor=by, action="tariff.published", target=version, now=now, after=facts)
    return version


@transaction.atomic
def add_tariff(
    tariff: Tariff, *, windows: Iterable[Window] = (), by: Actor, now: datetime
) -> TariffVersion | None:
    """Save a new tariff with the windows of its week, and publish it."""
    tariff.save()
    replace_windows(tariff, windows)
    return publish_version(tariff, by=by, now=now)


def replace_windows(tariff: Tariff, windows: Iterable[Window]) -> None:
    """Of its week, by these. What was published before keeps its prices."""
    tariff.windows.all().delete()
    TariffWindow.objects.bulk_create(
        TariffWindow(
            community=tariff.community,
            tariff=tariff,
            weekdays=each.weekdays,
            start_min=each.start_min,
            end_min=each.end_min,
            price_per_mwh_minor=each.price_per_mwh_minor,
        )
        for each in windows
    )


def _body_of(
    tariff: Tariff, terms: Terms | None, last: TariffVersion | None, *, now: datetime
) -> dict[str, Any]:
    before = None if last is None else tariff_of(last.body)
    if terms is None and tariff.base_price_per_mwh_minor is None and before is not None:
        terms = before
    if terms is None:
        terms = weekly_terms(tariff)
    terms = with_holidays(tariff, terms, before, now=now)
    # As JSON gives it back, so that two versions can be compared.
    body: dict[str, Any] = json.loads(json.dumps(words_of_tariff(terms)))
    return {
        key: value for key, value in body.items() if key not in {"id", "start_date_time", "end_date_time"}
    }


def weekly_terms(tariff: Tariff) -> Terms:
    """The tariff of the week's table that a manager edits."""
    rows = tariff.windows.order_by("start_min", "pk")
    windows = [Window(row.weekdays, row.start_min, row.end_min, row.price_per_mwh_minor) for row in rows]
    return weekly_tariff(tariff.community.currency, tariff.base_price_per_mwh_minor or 0, windows)


def with_holidays(tariff: Tariff, terms: Terms, before: Terms | None, *, now: datetime) -> Terms:
    """The terms with the days that count as Sundays, if the tariff says so: their own, or the region's.

    Dates and not the region's name: a law, or another release of the package, never changes a version. Raises InvalidInput.
    """
    if not tariff.holidays_as_sunday:
        return replace(terms, holidays=frozenset(), holiday_region="")
    region = tariff.community.holiday_region
    if terms.holidays:
        return terms
    known = before.holidays if before is not None and before.holiday_region == region else frozenset()
    # Only what reaches far enough: a version in eight years has new days.
    if known and max(known).year >= now.year + LEAST_YEARS:
        return replace(terms, holidays=known, holiday_region=region)
    if not region:
        raise InvalidInput("holidays_as_sunday", NO_REGION)
    days = holidays_of(region, first_year=now.year, last_year=now.year + HOLIDAY_YEARS)
    return replace(terms, holidays=frozenset(days), holiday_region=region)


def check_terms(terms: Terms, *, currency: str) -> None:
    """Refuse what can't be billed here, with a sentence each."""
    if terms.currency and terms.currency != currency:
        raise InvalidInput(
            "currency",
            gettext("The tariff is in %(currency)s, and the community in %(currency2)s.")
            % {"currency": terms.currency, "currency2": currency},
        )
    limits = [limit.excl_vat for limit in (terms.min_price, terms.max_price) if limit is not None]
    if any(not 0 <= limit <= MOST_SESSION for limit in limits):
        raise InvalidInput(
            "min_price",
            gettext("A session costs from 0 to %(most_session)s at least or at most.")
            % {"most_session": MOST_SESSION},
        )
    if limits != sorted(limits):
        raise InvalidInput("max_price", gettext("The most that a session costs is below the least."))
    for index, element in enumerate(terms.elements):
        where = f"elements[{index}]"
        if element.restrictions.reservation is not None:
            raise InvalidInput(
                "elements",
                gettext("%(where)s prices reservations, which are not billed here.") % {"where": where},
            )
        if element.restrictions.asks_for_current:
            raise InvalidInput(
                "elements",
                gettext("%(where)s depends on the current. Here only power is known: use it.")
                % {"where": where},
            )
        _check_bounds(element.restrictions, where)
        for component in element.components:
            if not 0 <= component.price <= MOST_PRICE:
                raise InvalidInput(
                    "elements",
                    gettext("%(where)s has a price of %(price)s; prices are from 0 to %(most_price)s.")
                    % {"where": where, "price": component.price, "most_price": MOST_PRICE},
                )


@transaction.atomic
def import_tariff(
    community: Community,
    body: Any,
    *,
    name: str,
    valid_from: datetime,
    is_standing: bool = True,
    fees: Mapping[str, int] = MappingProxyType({}),
    by: Actor,
    now: datetime,
) -> TariffVersion:
    """Publish a Tariff object of OCPI: as a new tariff, or as a new version of the one of this name, which stays whose it is.

    `fees` are those that change.
    """
    terms = _read_terms(body)
    check_terms(terms, currency=community.currency)
    tariff = Tariff.objects.filter(community=community, name=name).order_by("-valid_from").first()
    if tariff is None:
        check_begin(valid_from, community=community, now=now, field="valid_from")
        standing = Tariff.objects.filter(community=community, valid_from=valid_from, is_standing=True)
        if is_standing and standing.exists():
            raise InvalidInput("valid_from", gettext("Another tariff for everybody begins at that moment."))
        tariff = Tariff(community=community, name=name, valid_from=valid_from, is_standing=is_standing)
    tariff.holidays_as_sunday = bool(terms.holidays)
    for field, value in fees.items():
        setattr(tariff, field, value)
    return publish_terms(tariff, terms, by=by, now=now)


@transaction.atomic
def publish_terms(tariff: Tariff, terms: Terms, *, by: Actor, now: datetime) -> TariffVersion:
    """Publish terms that `check_terms` took: they take the place of the week's table. Where nothing changed, the newest version."""
    tariff.base_price_per_mwh_minor = None
    tariff.save()
    tariff.windows.all().delete()
    published = publish_version(tariff, by=by, now=now, terms=terms)
    return published or tariff.versions.latest("number")


def _check_bounds(each: Restrictions, where: str) -> None:
    bounds = (
        (each.min_kwh, each.max_kwh, "kWh"),
        (each.min_power_kw, each.max_power_kw, "kW"),
        (each.min_duration_s, each.max_duration_s, "s"),
        (each.start_date, each.end_date, ""),
    )
    for least, below, unit in bounds:
        if least is not None and below is not None and below <= least:  # type: ignore[operator]
            told = f"from {least} to {below} {unit}".strip()
            raise InvalidInput(
                "elements",
                gettext("%(where)s holds %(told)s, so it would never count.")
                % {"where": where, "told": told},
            )


def _read_terms(body: Any) -> Terms:
    try:
        bodies = tariffs_in(body, name="The request")
        terms = tariff_of(bodies[0])
    except UnreadableError as error:
        raise InvalidInput("tariff", str(error)) from error
    if len(bodies) > 1:
        raise InvalidInput(
            "tariff",
            gettext("There are %(count)s tariffs; import one after another.") % {"count": len(bodies)},
        )
    if unread := unread_restrictions(bodies[0]):
        raise InvalidInput(
            "tariff",
            gettext("%(unread)s is unknown, so its price would hold where it should not.")
            % {"unread": unread[0]},
        )
    return terms


def check_begin(begin: datetime, *, community: Community, now: datetime, field: str = "begins_at") -> None:
    """A price begins on the day of its announcement at the earliest, and never in a month that is billed."""
    first_day = begin.astimezone(ZoneInfo(community.time_zone)).date().replace(day=1)
    if BillingMonth.objects.filter(
        community=community, first_day=first_day, issued_at__isnull=False
    ).exists():
        raise InvalidInput(
            field,
            gettext("%(first_day)s is billed and closed, so no price can begin in it.")
            % {"first_day": f"{first_day:%Y-%m}"},
        )
    if begin < now - timedelta(days=1):
        raise InvalidInput(
            field, gettext("A price can't begin in the past: what was charged by then has its own.")
        )


def version_at(community: Community, *, at: datetime) -> TariffVersion | None:
    """The newest version of the newest tariff for everybody that has begun."""
    versions = TariffVersion.objects.filter(
        community=community, tariff__is_standing=True, begins_at__lte=at
    ).select_related("tariff")
    version: TariffVersion | None = versions.order_by("-tariff__valid_from", "-begins_at", "-number").first()
    return version


def version_of_tariff(tariff: Tariff, *, at: datetime) -> TariffVersion | None:
    """The newest version of this tariff that has begun."""
    versions = tariff.versions.filter(begins_at__lte=at).select_related("tariff")
    version: TariffVersion | None = versions.order_by("-begins_at", "-number").first()
    return version


def with_tariff(community_ids: Collection[UUID]) -> set[UUID]:
    """Those of these communities that have any tariff, for everybody or assigned."""
    rows = TariffVersion.objects.filter(community__in=community_ids).order_by()
    return set(rows.values_list("community_id", flat=True).distinct())


def rater_of(version: TariffVersion, *, time_zone: str) -> Rater:
    """The version's prices on the clocks of a place, to the cent."""
    return _rater(json.dumps(version.body, sort_keys=True), time_zone)


@lru_cache(maxsize=256)
def _rater(body: str, time_zone: str) -> Rater:
    return Rater(tariff_of(json.loads(body)), ZoneInfo(time_zone), CENTS)
