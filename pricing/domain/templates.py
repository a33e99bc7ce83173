"""Tariffs to begin with: a community chooses one and says the price."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext, gettext_lazy

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import Actor
from grid.models import Community
from pricing.domain.versions import MOST_PRICE, add_tariff, check_begin, publish_version, replace_windows
from pricing.models import Tariff
from pricing.rating.weekly import DAY_MIN, EVERY_DAY, PER_KWH, Window

NIGHT_FROM_MIN: Final = 22 * 60
NIGHT_TO_MIN: Final = 6 * 60


class Template(StrEnum):
    ONE_PRICE = "one_price"
    DAY_AND_NIGHT = "day_and_night"
    FREE = "free"


NAMES: Final = {
    Template.ONE_PRICE: gettext_lazy("One price, day and night"),
    Template.DAY_AND_NIGHT: gettext_lazy("A lower price from 22:00 to 06:00"),
    Template.FREE: gettext_lazy("Free of charge"),
}


@dataclass(frozen=True, slots=True)
class Prices:
    """Minor units per MWh, as `Tariff` has them."""

    base_per_mwh_minor: int
    windows: tuple[Window, ...] = ()


def read_price(price: object, *, field: str) -> int:
    """Minor units per MWh of a price per kWh in the community's currency. Raises InvalidInput about `field`."""
    try:
        amount = Decimal(str(price).strip().replace(",", ".")) * PER_KWH
    except InvalidOperation as error:
        raise InvalidInput(field, gettext("This is not a price for a kWh, for example 0.35.")) from error
    if not amount.is_finite() or not 0 <= amount <= MOST_PRICE * PER_KWH:
        raise InvalidInput(field, gettext("A kWh costs from 0 to %(most)s.") % {"most": MOST_PRICE})
    if amount != amount.to_integral_value():
        raise InvalidInput(field, gettext("A price has at most five digits after the point."))
    return int(amount)


def prices_of(template: Template, *, price: object = None, night_price: object = None) -> Prices:
    """Raises InvalidInput about `price_per_kwh` or `night_price_per_kwh`."""
    if template is Template.FREE:
        return Prices(0)
    base = read_price(price, field="price_per_kwh")
    if template is Template.ONE_PRICE:
        return Prices(base)
    night = read_price(night_price, field="night_price_per_kwh")
    return Prices(base, _night(night))


def template_of(tariff: Tariff) -> Template | None:
    """The template that says everything of this tariff; None if it has other prices, too."""
    base, windows = tariff.base_price_per_mwh_minor, _windows(tariff)
    if base is None or tariff.emergency_surcharge_per_mwh_minor or tariff.overstay_per_hour_minor:
        return None
    if not windows:
        return Template.FREE if base == 0 else Template.ONE_PRICE
    nights = {each.price_per_mwh_minor for each in windows}
    return Template.DAY_AND_NIGHT if windows == {*_night(nights.pop())} and not nights else None


def _night(price_per_mwh_minor: int) -> tuple[Window, ...]:
    return (
        Window(EVERY_DAY, NIGHT_FROM_MIN, DAY_MIN, price_per_mwh_minor),
        Window(EVERY_DAY, 0, NIGHT_TO_MIN, price_per_mwh_minor),
    )


@transaction.atomic
def set_tariff(community: Community, *, name: str, prices: Prices, by: Actor, now: datetime) -> Tariff:
    """The community's tariff of this name says these prices: it is added from today on, or a version is published where they changed."""
    tariff = Tariff.objects.filter(community=community, name=name).order_by("-valid_from").first()
    if tariff is None:
        midnight = now.astimezone(ZoneInfo(community.time_zone)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        if Tariff.objects.filter(community=community, valid_from=midnight).exists():
            midnight = now
        check_begin(midnight, community=community, now=now, field="valid_from")
        tariff = Tariff(
            community=community,
            name=name,
            valid_from=midnight,
            base_price_per_mwh_minor=prices.base_per_mwh_minor,
        )
        add_tariff(tariff, windows=prices.windows, by=by, now=now)
        return tariff
    if tariff.base_price_per_mwh_minor != prices.base_per_mwh_minor or _windows(tariff) != set(
        prices.windows
    ):
        tariff.base_price_per_mwh_minor = prices.base_per_mwh_minor
        tariff.save(update_fields=["base_price_per_mwh_minor"])
        replace_windows(tariff, prices.windows)
        publish_version(tariff, by=by, now=now)
    return tariff


def _windows(tariff: Tariff) -> set[Window]:
    return {
        Window(row.weekdays, row.start_min, row.end_min, row.price_per_mwh_minor)
        for row in tariff.windows.all()
    }
