"""Rules on what people and programs send, each written once: forms, serializers, columns and the domain refuse alike.

Django's form fields and those of REST Framework take the same options, so a rule hands them to both. A refusal is formatted by
both, too: it contains neither `%` nor braces. One that drivers read is a lazy translation.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model
from django.utils.functional import Promise

from evbalancer.common.errors import InvalidInput

Sentence: TypeAlias = str | Promise


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number from `least` to `most`, in the unit of its column."""

    least: int
    most: int
    refusal: Sentence

    @property
    def options(self) -> dict[str, Any]:
        """Of a number field in a form or a serializer."""
        refusals = {"min_value": self.refusal, "max_value": self.refusal}
        return {"min_value": self.least, "max_value": self.most, "error_messages": refusals}

    @property
    def validators(self) -> list[Any]:
        """Of a model's column."""
        refusal: Any = self.refusal
        return [MinValueValidator(self.least, refusal), MaxValueValidator(self.most, refusal)]

    def check(self, field: str, number: int) -> None:
        """Raise InvalidInput about `field`."""
        if not self.least <= number <= self.most:
            raise InvalidInput(field, str(self.refusal))


@dataclass(frozen=True, slots=True)
class Text:
    """A text of people. `missing` is the answer to an empty one, where one is required; `too_long` has a usual sentence."""

    longest: int
    missing: Sentence = "Enter a text."
    too_long: Sentence = ""

    @property
    def options(self) -> dict[str, Any]:
        """Of a text field in a form or a serializer."""
        refusals = {"required": self.missing, "blank": self.missing, "null": self.missing}
        return {"max_length": self.longest, "error_messages": {**refusals, "max_length": self._too_long}}

    def find_fault(self, text: str) -> str | None:
        """Why this text is refused where one is required."""
        if not text.strip():
            return str(self.missing)
        return str(self._too_long) if len(text.strip()) > self.longest else None

    def check(self, field: str, text: str) -> str:
        """The text without blanks around it. Raise InvalidInput about `field`."""
        fault = self.find_fault(text)
        if fault is not None:
            raise InvalidInput(field, fault)
        return text.strip()

    @property
    def _too_long(self) -> Sentence:
        return self.too_long or f"At most {self.longest} characters."


def column_rules(model: type[Model], column: str) -> list[Any]:
    """The validators of a column, for a serializer's field: it refuses in the words of the column, and so of the admin."""
    rules: list[Any] = model._meta.get_field(column).validators  # type: ignore[union-attr]  # noqa: SLF001
    return list(rules)


MILLIAMPS = Range(0, 2_000_000, "From 0 to 2000 A.")
PERCENTAGE = Range(0, 100, "A percentage from 0 to 100.")
REASON_FOR_DRIVER = Text(200, "Give a reason; the driver reads it.")
REASON_FOR_TRAIL = Text(200, "Give a reason; it is kept in the audit trail.")
