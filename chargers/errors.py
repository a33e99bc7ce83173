"""Refusals of the chargers app."""

from evbalancer.common.errors import DomainError


class BadCommand(DomainError):  # noqa: N818 (named for what happened, like Django's own)
    """The command can't be sent to this charge point, whatever its state. `argument` is the one at fault, where it is one."""

    code = "bad_command"
    title = "The command is not valid"
    status = 400

    def __init__(self, detail: str, *, argument: str = "") -> None:
        super().__init__(detail, **({"errors": {f"arguments.{argument}": [detail]}} if argument else {}))
        self.field = argument.partition(".")[0]


class WeakKey(DomainError):  # noqa: N818
    """OCPP's security profiles want 16 to 20 random bytes."""

    code = "weak_key"
    title = "The key is too short or too long"
    status = 400


class LocksOut(DomainError):  # noqa: N818
    """A connected charge point has no credentials for the security profile that it would need."""

    code = "locks_out"
    title = "The charge point would be locked out"


class BadCertificateRequest(DomainError):  # noqa: N818
    """A certificate is signed for a charge point's own identity and a strong key only."""

    code = "bad_certificate_request"
    title = "The certificate request was refused"
    status = 400
