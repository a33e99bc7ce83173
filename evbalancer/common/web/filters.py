"""Filters of the API's lists, which tell nobody what exists beyond the rows that the caller may see."""

from typing import Any, ClassVar

from django.db.models import ForeignKey, OneToOneField
from django_filters import UUIDFilter  # type: ignore[import-untyped]
from django_filters.rest_framework import DjangoFilterBackend, FilterSet  # type: ignore[import-untyped]

BY_ID: dict[str, Any] = {"filter_class": UUIDFilter}


class TenantFilterSet(FilterSet):  # type: ignore[misc]  # the library has no types
    """Related rows are named by id and not looked up: one that is somebody else's and one that is nowhere find nothing alike."""

    FILTER_DEFAULTS: ClassVar[dict[Any, Any]] = {
        **FilterSet.FILTER_DEFAULTS,
        ForeignKey: BY_ID,
        OneToOneField: BY_ID,
    }


class TenantFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    filterset_base = TenantFilterSet
