"""Panels above a row's form. Apps further up add to the pages of apps below, which don't know them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class Panel:
    """What stands above a row's form. With `refresh_s` an open page reads it again so often; its maker's name is its key."""

    title: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    refresh_s: int = 0
    key: str = ""


@dataclass(frozen=True)
class Cell:
    """A table's cell: a text, where it leads, and a tone (ok, warn, bad, quiet) that makes it a badge."""

    text: str
    href: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Figure:
    """A value under its name, a line below it, where it leads, and a tone that colours it."""

    name: str
    value: str
    note: str = ""
    href: str = ""
    tone: str = ""


def table(
    title: str,
    headers: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    more: Cell | None = None,
    empty: str = "",
) -> Panel:
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    return Panel(
        title, "admin/panel_table.html", {"headers": headers, "rows": cells, "more": more, "empty": empty}
    )


def page_of(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_of(model: type[Model], **lookups: Any) -> str:
    query = urlencode(lookups)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{url}?{query}" if query else url


Maker = Callable[[HttpRequest, Any], Panel | None]
_makers: dict[str, list[tuple[int, Maker]]] = defaultdict(list)


def panel_for(model: type[Model], *, rank: int = 10) -> Callable[[Maker], Maker]:
    """Register what makes a panel of `model`'s pages; a lower `rank` stands higher."""

    def register(maker: Maker) -> Maker:
        _makers[model._meta.label].append((rank, maker))
        return maker

    return register


def panels_of(request: HttpRequest, row: Model, *, key: str = "") -> list[Panel]:
    """All panels of a row, or the one that the maker of this name makes."""
    in_order = sorted(_makers[row._meta.label], key=lambda entry: entry[0])
    made = ((maker.__name__, maker(request, row)) for _, maker in in_order if key in ("", maker.__name__))
    return [replace(panel, key=name) for name, panel in made if panel is not None]
