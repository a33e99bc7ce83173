"""Filters for templates that draw tables."""

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
# What the theme writes into every cell; the sheet says it once for all of them.
CELL = re.compile(r'^(<t[hd] class="field-[\w-]+)[^"]*?( nowrap)?"')
LINK = ' class="text-font-important-light dark:text-font-important-dark" '


@register.filter
def beside(headers: Sequence[Any], cells: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Each cell with its header: a narrow page shows them one below the other."""
    return list(zip_longest(headers, cells, fillvalue=""))[: len(cells)]


@register.filter
def light(cell: SafeString) -> SafeString:
    """A cell of a change list without the theme's classes, which are nine tenths of its bytes."""
    return mark_safe(CELL.sub(r'\1\2"', cell).replace(LINK, " ", 1))  # noqa: S308  # the theme escaped it
