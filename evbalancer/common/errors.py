"""Errors that people and programs can act on. Each has a stable code; adapters map it to HTTP or OCPP."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from django.utils.translation import gettext_noop

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell


class DomainError(Exception):
    """A refusal by a rule of the domain. Nothing was changed when it is raised."""

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was refused"
    status: ClassVar[int] = 409

    def __init__(self, why: str | Said, **facts: Any) -> None:
        super().__init__(why)
        # A text is for operators and programs, in English. What drivers read has a code.
        self.said = why if isinstance(why, Said) else Said.in_words(why)
        self._facts = facts

    def __str__(self) -> str:
        return self.detail

    @property
    def detail(self) -> str:
        """Why, in the language of whoever reads it now."""
        return tell(self.said)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What a program may want to know beside the code."""
        return self._facts


class InvalidInput(DomainError):  # noqa: N818 (named for what happened, like Django's own)
    """The input can't be right in any state of the system. `field` names the culprit."""

    code = "invalid"
    title = gettext_noop("The request is not valid")
    status = 400

    def __init__(self, field: str, why: str | Said, *, code: str = "invalid") -> None:
        super().__init__(why)
        self.field = field
        self.code = code  # type: ignore[misc]  # one class serves all field rules; the code stays stable per rule

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"errors": {self.field: [self.detail]}}


def invalid_row(error: ValidationError) -> InvalidInput:
    """A model's own refusal, as a program reads it: the first field that is wrong, and why."""
    field, messages = next(iter(error.update_error_dict({}).items()))
    field = "non_field_errors" if field == NON_FIELD_ERRORS else field
    return InvalidInput(field, " ".join(ValidationError(messages).messages))


def check_row(row: Model) -> None:
    """Judge a row by its model's own rules. Raises InvalidInput."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise invalid_row(error) from error


class NotFound(DomainError):  # noqa: N818
    """It does not exist, or it is not yours: the two look alike."""

    code = "not_found"
    title = gettext_noop("Not found")
    status = 404


class StateMoved(DomainError):  # noqa: N818
    """Another worker was quicker: the row is no longer in the state that the caller saw."""

    code = "state_moved"
    title = "The state has changed in the meantime"
