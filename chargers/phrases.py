"""What is said of chargers and their meters: a sentence for each code."""

from django.utils.translation import gettext_noop

from chargers.enums import EnergyDoubt
from evbalancer.common.words.telling import Phrase, register_phrases

PHRASES: dict[str, Phrase] = {
    "meter.doubted": gettext_noop(
        "The meter at %(connector)s can't be used for the bill: %(why)s. %(energy)s are recorded."
    ),
    **{f"energy_doubt.{doubt.value}": doubt.label for doubt in EnergyDoubt},
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
