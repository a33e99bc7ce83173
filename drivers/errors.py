from typing import ClassVar

from evbalancer.common.errors import DomainError


class NotADriver(DomainError):  # noqa: N818 (named for what happened)
    code: ClassVar[str] = "not_a_driver"
    title: ClassVar[str] = "You are not a driver in this community"
    status: ClassVar[int] = 403


class AccountExists(DomainError):  # noqa: N818
    code: ClassVar[str] = "account_exists"
    title: ClassVar[str] = "This account already exists"


class Suspended(DomainError):  # noqa: N818
    code: ClassVar[str] = "suspended"
    title: ClassVar[str] = "Your account is suspended"
    status: ClassVar[int] = 403
