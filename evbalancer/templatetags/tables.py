"""Filters for templates that draw tables."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from django import template

register = template.Library()


@register.filter
def beside(headers: Sequence[Any], cells: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Each cell with its header: a narrow page shows them one below the other."""
    return list(zip_longest(headers, cells, fillvalue=""))[: len(cells)]
