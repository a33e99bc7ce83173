"""Bodies of requests: a field that the route doesn't know is refused, not ignored.

Otherwise a caller that writes `begins_at` instead of `effective_at` would get a limit that starts at once.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop
from rest_framework import serializers

UNKNOWN = gettext_noop("This field is unknown.")
READ_ONLY = gettext_noop("This field is read-only.")


class StrictMixin:
    """Before the class of any serializer that reads what a client sent."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            fields: Mapping[str, Any] = self.fields  # type: ignore[attr-defined]  # a serializer's own
            refused = {
                str(name): [READ_ONLY if name in fields else UNKNOWN]
                for name in data
                if name not in fields or fields[name].read_only
            }
            if refused:
                raise serializers.ValidationError(refused)
        return super().to_internal_value(data)  # type: ignore[misc]


class StrictSerializer(StrictMixin, serializers.Serializer[Any]):
    """Base of every body that is no row of a model."""


class NoBodySerializer(StrictSerializer):
    """No body, or an empty one."""
