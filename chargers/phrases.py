"""What is said of chargers and their meters: a sentence for each code."""

from django.utils.translation import gettext_noop

from chargers.enums import EnergyDoubt
from chargers.orders import ORDERS
from chargers.orders.shape import asked_words
from evbalancer.common.words.shown import register_shown
from evbalancer.common.words.telling import Phrase, register_phrases

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PHRASES: dict[str, Phrase] = {
    "meter.doubted": gettext_noop(
        "The meter at %(connector)s can't be used for the bill: %(why)s. %(energy)s are recorded."
    ),
    "access.others": gettext_noop("%(space)s is kept for others. Ask the managers who may charge there."),
    "access.none_open": gettext_noop(
        "No space here is open to you at that time. Ask the managers who may charge where."
    ),
    "access.other_hours": gettext_noop("%(space)s is open to you at other times: %(hours)s"),
    "audience.everybody": gettext_noop("everybody"),
    "audience.guests": gettext_noop("guests"),
    "audience.flat": gettext_noop("one flat"),
    "audience.group": gettext_noop("a group of drivers"),
    "access.for": gettext_noop("For %(who)s."),
    "access.for_hours": gettext_noop("For %(who)s: %(hours)s"),
    "access.daily": gettext_noop("daily, %(begin)s to %(end)s."),
    "access.on_days": gettext_noop("%(days)s, %(begin)s to %(end)s."),
    "access.days": gettext_noop("%(first)s to %(last)s"),
    "notice.card_refused": gettext_noop("Your card was not accepted at %(place)s. %(why)s"),
    **{f"weekday.{day}": name for day, name in enumerate(WEEKDAYS)},
    **{f"energy_doubt.{doubt.value}": str(doubt.label) for doubt in EnergyDoubt},
}
# What a refusal says to its reader.
REFUSALS: dict[str, Phrase] = {
    "refusal.charger_offline": gettext_noop("The charger can't be reached. Try again when it is back."),
    "refusal.out_of_order": gettext_noop("That space is out of order."),
    "refusal.charging_already": gettext_noop("A car is charging there already."),
    "refusal.transaction_over": gettext_noop("The transaction is over."),
}

register_phrases(PHRASES)
register_phrases(REFUSALS)
register_shown(lambda: (word for order in ORDERS.values() for word in asked_words(order)))
