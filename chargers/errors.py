"""Refusals of the chargers app."""

from evbalancer.common.errors import DomainError


class BadCommand(DomainError):  # noqa: N818 (named for what happened, like Django's own)
    """The command can't be sent to this charge point, whatever its state."""

    code = "bad_command"
    title = "The command is not valid"
    status = 400


class WeakKey(DomainError):  # noqa: N818
    """OCPP's security profiles want 16 to 20 random bytes."""

    code = "weak_key"
    title = "The key is too short or too long"
    status = 400
