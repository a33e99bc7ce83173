from typing import Any, ClassVar

from evbalancer.common.errors import DomainError, NotFound
from evbalancer.common.words.said import Said


class NotADriver(DomainError):  # noqa: N818 (named for what happened)
    code: ClassVar[str] = "not_a_driver"
    title: ClassVar[str] = "You are not a driver in this community"
    status: ClassVar[int] = 403


class AccountExists(DomainError):  # noqa: N818
    code: ClassVar[str] = "account_exists"
    title: ClassVar[str] = "This account already exists"


class InvitationOver(NotFound):
    """Its code was right, and is used, replaced or too old."""

    def __init__(self, why: Said, invitation: Any) -> None:
        super().__init__(why)
        self.invitation = invitation


class Suspended(DomainError):  # noqa: N818
    code: ClassVar[str] = "suspended"
    title: ClassVar[str] = "Your account is suspended"
    status: ClassVar[int] = 403
