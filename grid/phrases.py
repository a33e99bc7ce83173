"""What is said of limits: a sentence for each code."""

from django.utils.translation import gettext_noop

from evbalancer.common.words.telling import Phrase, register_phrases

PHRASES: dict[str, Phrase] = {
    "limit.cut_on_live_page": gettext_noop("Cut to %(share)s on the live page"),
    "limit.restored_on_live_page": gettext_noop("Restored on the live page"),
    "limit.event_over": gettext_noop("The event was changed, cancelled or is over."),
    "limit.demand_response": gettext_noop("%(program)s: demand response"),
}

register_phrases(PHRASES)
