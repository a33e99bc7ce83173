from typing import ClassVar

from evbalancer.common.errors import DomainError


class ConnectRefused(DomainError):  # noqa: N818 (errors here are named for what happened)
    """The Connect flow can't go on: its state is missing, used, too old, or another's (C7)."""

    code: ClassVar[str] = "connect_refused"
    title: ClassVar[str] = "The car could not be connected"
    status: ClassVar[int] = 400


class ReconnectNeeded(DomainError):  # noqa: N818
    code: ClassVar[str] = "reconnect_needed"
    title: ClassVar[str] = "The connection to the car must be renewed"


class ProviderUnavailable(DomainError):  # noqa: N818
    code: ClassVar[str] = "provider_unavailable"
    title: ClassVar[str] = "The car's provider does not answer"
    status: ClassVar[int] = 503
