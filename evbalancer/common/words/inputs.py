"""Rules on what people and programs send, each written once: forms, serializers, columns and the domain refuse alike.

Django's form fields and those of REST Framework take the same options, so a rule hands them to both. A refusal is formatted by
both, too: it contains neither `%` nor braces.
"""

from dataclasses import dataclass
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator

from evbalancer.common.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number from `least` to `most`, in the unit of its column."""

    least: int
    most: int
    refusal: str

    @property
    def options(self) -> dict[str, Any]:
        """Of a number field in a form or a serializer."""
        refusals = {"min_value": self.refusal, "max_value": self.refusal}
        return {"min_value": self.least, "max_value": self.most, "error_messages": refusals}

    @property
    def validators(self) -> list[Any]:
        """Of a model's column."""
        return [MinValueValidator(self.least, self.refusal), MaxValueValidator(self.most, self.refusal)]

    def check(self, field: str, number: int) -> None:
        """Raise InvalidInput about `field`."""
        if not self.least <= number <= self.most:
            raise InvalidInput(field, self.refusal)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of people. `missing` is the answer to an empty one, where one is required; `too_long` has a usual sentence."""

    longest: int
    missing: str = "Enter a text."
    too_long: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """Of a text field in a form or a serializer."""
        refusals = {"required": self.missing, "blank": self.missing, "null": self.missing}
        return {"max_length": self.longest, "error_messages": {**refusals, "max_length": self._too_long}}

    def find_fault(self, text: str) -> str | None:
        """Why this text is refused where one is required."""
        if not text.strip():
            return self.missing
        return self._too_long if len(text.strip()) > self.longest else None

    def check(self, field: str, text: str) -> str:
        """The text without blanks around it. Raise InvalidInput about `field`."""
        fault = self.find_fault(text)
        if fault is not None:
            raise InvalidInput(field, fault)
        return text.strip()

    @property
    def _too_long(self) -> str:
        return self.too_long or f"At most {self.longest} characters."


MILLIAMPS = Range(0, 2_000_000, "From 0 to 2000 A.")
PERCENTAGE = Range(0, 100, "A percentage from 0 to 100.")
REASON_FOR_DRIVER = Text(200, "Give a reason; the driver reads it.")
REASON_FOR_TRAIL = Text(200, "Give a reason; it is kept in the audit trail.")
