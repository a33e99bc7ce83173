from typing import ClassVar

from evbalancer.common.errors import DomainError


class AssignmentBegun(DomainError):  # noqa: N818 (named for what happened)
    """Sessions have its price, so it is ended and not taken away."""

    code: ClassVar[str] = "assignment_begun"
    title: ClassVar[str] = "The assignment has begun"


class MonthNotOver(DomainError):  # noqa: N818 (named for what happened)
    """Costs of the month are still to come."""

    code: ClassVar[str] = "month_not_over"
    title: ClassVar[str] = "The month is not over"


class NotReviewed(DomainError):  # noqa: N818
    """Nothing is issued that nobody has looked at."""

    code: ClassVar[str] = "not_reviewed"
    title: ClassVar[str] = "The month is not reviewed"


class NothingToCredit(DomainError):  # noqa: N818
    code: ClassVar[str] = "nothing_to_credit"
    title: ClassVar[str] = "There is nothing to credit"
