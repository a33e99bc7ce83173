from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext_noop

from evbalancer.common.errors import DomainError
from evbalancer.common.words.said import Said


class ConnectRefused(DomainError):  # noqa: N818 (errors here are named for what happened)
    """The Connect flow can't go on: its state is missing, used, too old, or another's (C7)."""

    code: ClassVar[str] = "connect_refused"
    title: ClassVar[str] = "The car could not be connected"
    status: ClassVar[int] = 400


class ReconnectNeeded(DomainError):  # noqa: N818
    code: ClassVar[str] = "reconnect_needed"
    title: ClassVar[str] = "The connection to the car must be renewed"


class CallRefused(DomainError):  # noqa: N818
    """Our own budget or the provider's wish forbids the call now. `until` is an aware datetime where it is known."""

    code: ClassVar[str] = "car_not_asked"
    title: ClassVar[str] = "The car can't be asked now"
    status: ClassVar[int] = 503

    def __init__(self, why: Said, *, until: datetime | None = None) -> None:
        super().__init__(why, **({"until": until.isoformat()} if until is not None else {}))
        self.until = until


class NotSetUp(DomainError):  # noqa: N818
    code: ClassVar[str] = "not_set_up"
    title: ClassVar[str] = gettext_noop("Cars can't be linked here")


class NotGranted(DomainError):  # noqa: N818
    code: ClassVar[str] = "not_granted"
    title: ClassVar[str] = "The driver's consent does not cover this"


class ChargerSteers(DomainError):  # noqa: N818
    """We do not steer the car while a charger of ours can do it: two hands on one switch end in a flapping car."""

    code: ClassVar[str] = "charger_steers"
    title: ClassVar[str] = "The charger does this"


class CarRefused(DomainError):  # noqa: N818
    code: ClassVar[str] = "car_refused"
    title: ClassVar[str] = "The car did not do it"


class ProviderUnavailable(DomainError):  # noqa: N818
    code: ClassVar[str] = "provider_unavailable"
    title: ClassVar[str] = gettext_noop("The car's provider does not answer")
    status: ClassVar[int] = 503
