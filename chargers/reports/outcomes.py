"""The outcomes of reports: answers, and reasons why there is none yet."""

from dataclasses import dataclass

from chargers.reports.charging import StartOutcome, TokenOutcome, TransactionOutcome
from chargers.reports.commands import CommandOrder
from chargers.reports.needs import NeedsOutcome, ScheduleOutcome
from chargers.reports.news import CertificateOutcome
from chargers.reports.sockets import Admission, BootOutcome, Stranger


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome of a report whose answer carries nothing."""


TAKEN = Taken()


@dataclass(frozen=True, slots=True)
class SetAside:
    """No outcome yet: somebody else has locked what the report changes. It is to be handed in again."""


SET_ASIDE = SetAside()


@dataclass(frozen=True, slots=True)
class PassedOn:
    """No outcome yet: what it changes is locked first, by another desk."""


PASSED_ON = PassedOn()

Outcome = (
    Admission
    | BootOutcome
    | CertificateOutcome
    | TokenOutcome
    | StartOutcome
    | TransactionOutcome
    | CommandOrder
    | Stranger
    | NeedsOutcome
    | ScheduleOutcome
    | PassedOn
    | SetAside
    | Taken
    | None
)
