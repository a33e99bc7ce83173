"""What is said of accounts and standing: a sentence for each code."""

from django.utils.translation import gettext_noop

from evbalancer.common.words.telling import Phrase, register_phrases

PHRASES: dict[str, Phrase] = {
    "strike.lifted": gettext_noop("Your strike is lifted: %(why)s"),
    "strike.stands": gettext_noop("Your strike stands: %(why)s"),
    "suspension.begun": gettext_noop("You are suspended until %(until)s."),
    "suspension.ended": gettext_noop("Your suspension has ended."),
    "account.linked": gettext_noop(
        "The account %(name)s now opens your driver's record: its user can read your charging, bookings and cars. If it isn't yours, ask the managers."
    ),
}

register_phrases(PHRASES)
