"""What is said of a stay's car: a sentence for each code."""

from django.utils.translation import gettext_noop

from evbalancer.common.words.telling import Phrase, register_phrases

# Why a car is thought to be the one that stands there.
PHRASES: dict[str, Phrase] = {
    "stay.card": gettext_noop("the driver's card"),
    "stay.booked": gettext_noop("booked for this car"),
    "stay.elsewhere": gettext_noop("it is plugged in elsewhere here"),
    "stay.says_unplugged": gettext_noop("it says that it is not plugged in"),
    "stay.says_plugged_in": gettext_noop("it says that it is plugged in"),
    "stay.plugged_in_then": gettext_noop("it was plugged in at that time"),
    "stay.is_here": gettext_noop("it is here"),
    "stay.is_away": gettext_noop("it is somewhere else"),
    "stay.too_many_phases": gettext_noop("it cannot draw on so many phases"),
    "stay.too_much": gettext_noop("it cannot draw so much"),
    "stay.charge_did_not_rise": gettext_noop("its charge did not rise"),
    "stay.charge_rose_as_drawn": gettext_noop("its charge rose by what was drawn"),
    "stay.charge_rose_otherwise": gettext_noop("its charge rose by something else"),
    "stay.driver_says_so": gettext_noop("the driver says so"),
}

register_phrases(PHRASES)
