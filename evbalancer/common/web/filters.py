"""Filters of the API's lists, which tell nobody what exists beyond the rows that the caller may see."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, ForeignKey, OneToOneField
from django_filters import UUIDFilter  # type: ignore[import-untyped]
from django_filters.fields import IsoDateTimeField  # type: ignore[import-untyped]
from django_filters.rest_framework import (  # type: ignore[import-untyped]
    DjangoFilterBackend,
    FilterSet,
    IsoDateTimeFilter,
)


class MomentField(IsoDateTimeField):  # type: ignore[misc]
    """A moment in UTC: PostgreSQL knows no zone sixteen hours ahead, which ISO 8601 can write."""

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        try:
            return None if moment is None else moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(IsoDateTimeFilter):  # type: ignore[misc]
    field_class = MomentField


BY_ID: dict[str, Any] = {"filter_class": UUIDFilter}


class TenantFilterSet(FilterSet):  # type: ignore[misc]  # the library has no types
    """Related rows are named by id and not looked up: one that is somebody else's and one that is nowhere find nothing alike."""

    FILTER_DEFAULTS: ClassVar[dict[Any, Any]] = {
        **FilterSet.FILTER_DEFAULTS,
        ForeignKey: BY_ID,
        OneToOneField: BY_ID,
        DateTimeField: {"filter_class": MomentFilter},
    }


class TenantFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    filterset_base = TenantFilterSet
