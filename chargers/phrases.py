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

register_phrases(PHRASES)
