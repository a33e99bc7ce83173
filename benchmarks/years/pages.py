"""Ask for every page and every list, and say which are slow or large."""

import logging
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from drivers.models import User
from evbalancer.common.admin.theme import ThemedAdmin
from grid.models import Cluster

MOST_MS, MOST_BYTES, TIMES, LAST_OFFSET = 200.0, 100_000, 3, 100_000
SEARCHES = ("0-007", "nothing has this")


@dataclass
class Queries:
    """What the database was asked for a page."""

    count: int = 0
    slowest_ms: float = 0.0
    slowest: str = ""

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django's order)
        began_s = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            took_ms = (time.perf_counter() - began_s) * 1000
            self.count += 1
            if took_ms > self.slowest_ms:
                self.slowest_ms, self.slowest = took_ms, sql


@dataclass
class Page:
    who: str
    url: str
    status: int = 0
    size: int = 0
    took_ms: list[float] = field(default_factory=list)
    queries: Queries = field(default_factory=Queries)

    @property
    def median_ms(self) -> float:
        return statistics.median(self.took_ms)

    @property
    def is_over(self) -> bool:
        return (
            self.median_ms > MOST_MS
            or self.size > MOST_BYTES
            or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )


def measure(*, only: str, is_all: bool) -> None:
    logging.disable()  # refusals are looked at by their status
    operator, _ = User.objects.get_or_create(
        username="operator", defaults={"is_staff": True, "is_superuser": True}
    )
    people = {"operator": operator}
    for name in ("manager-0", "driver-0-007"):
        people[name] = User.objects.get(username=name)
    pages = []
    for who, user in people.items():
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(user)
        client.get("/")
        urls = [url for url in dict.fromkeys(_urls(user, client, only)) if only in url]
        pages += [ask(client, who, url) for url in urls]
    tell(pages, is_all=is_all)


def ask(client: Client, who: str, url: str) -> Page:
    """Three times where the first is over the bar, so that a page from a cold disk has a second chance."""
    page = Page(who, url)
    while len(page.took_ms) < TIMES:
        page.queries = Queries()
        began_s = time.perf_counter()
        with connection.execute_wrapper(page.queries):
            response = client.get(url, headers={"accept": "*/*"})
            page.size = sum(map(len, response)) if response.streaming else len(response.content)
        page.took_ms.append((time.perf_counter() - began_s) * 1000)
        page.status = response.status_code
        if page.took_ms[0] <= MOST_MS:
            break
    return page


def _urls(user: User, client: Client, only: str) -> Iterator[str]:
    if user.is_staff:
        yield from _admin(user, only)
    if only.startswith("/admin"):
        return
    yield from _api(client)
    yield from ("/", "/my", "/account", "/metrics", "/readyz")
    if user.is_superuser or user.is_staff:
        cluster = Cluster.objects.get(name="Years 0")
        for part in ("", "/fairness", "/timeline"):
            yield f"/cluster/{cluster.pk}{part}"


def _admin(user: User, only: str) -> Iterator[str]:
    yield reverse("admin:index")
    for model, model_admin in admin.site._registry.items():  # noqa: SLF001 (documented for its look-ups)
        request = RequestFactory().get("/", SERVER_NAME="127.0.0.1")
        request.user = user
        if not model_admin.has_view_permission(request):
            continue
        meta = model._meta  # noqa: SLF001 (documented)
        try:
            listed = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        except NoReverseMatch:
            continue
        if only.startswith("/admin/") and not listed.startswith(only):
            continue
        yield listed
        yield from (f"{listed}?{query}" for query in _queries(model_admin, request))
        rows = model_admin.get_queryset(request)
        ordered = rows.order_by(*(model_admin.get_ordering(request) or ["pk"]))
        for row in (ordered.first(), ordered.reverse().first()):
            if row is not None:
                yield reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def _queries(model_admin: ThemedAdmin, request: Any) -> Iterator[str]:
    with suppress(Exception):
        changes = model_admin.get_changelist_instance(request)
        for spec in changes.filter_specs:
            choices = list(spec.choices(changes))
            for choice in choices[1:3] + choices[3:][-1:]:
                if choice.get("query_string", "?") != "?":
                    yield choice["query_string"].removeprefix("?")
        if changes.paginator.num_pages > 2:
            yield f"p={changes.paginator.num_pages}"
        columns = changes.get_ordering_field_columns()
        for number, name in enumerate(changes.list_display):
            if number not in columns and changes.get_ordering_field(name):
                yield f"o={number}"
                yield f"o=-{number}"
        if model_admin.date_hierarchy:
            yield f"{model_admin.date_hierarchy}__year=2026"
    if model_admin.search_fields:
        yield from (f"q={text.replace(' ', '+')}" for text in SEARCHES)


def _api(client: Client) -> Iterator[str]:
    """Lists first: their rows name the addresses below them."""
    patterns = {str(each.pattern) for each in _patterns()}
    for route in sorted(patterns):
        if "<" in route or route.startswith(
            ("admin", "healthz", "login", "logout", "password", "auth/smartcar")
        ):
            continue
        url = f"/{route}"
        yield url
        response = client.get(url)
        found = response.json() if response.get("Content-Type") == "application/json" else None
        rows = found.get("results") if isinstance(found, dict) else found
        if not isinstance(rows, list):
            continue
        if isinstance(found, dict):
            yield f"{url}?limit=200"
            yield f"{url}?offset={max(0, int(found.get('count') or LAST_OFFSET) - 50)}"
        keys = [row["id"] for row in rows if isinstance(row, dict) and row.get("id")]
        for below in sorted(patterns):
            if below.startswith(f"{route}/<") and below.count("<") == 1:
                for key in dict.fromkeys(keys[:1] + keys[-1:]):
                    yield f"/{_with_key(below, key)}"


def _with_key(route: str, key: Any) -> str:
    head, _, rest = route.partition("<")
    return f"{head}{key}{rest.partition('>')[2]}"


def _patterns(of: Any = None, before: str = "") -> Iterator[Any]:
    @dataclass
    class Found:
        pattern: str

    for each in (of or get_resolver()).url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLPattern):
            if not route.startswith("admin"):
                yield Found(route)
        elif route != "admin/":
            yield from _patterns(each, route)


def tell(pages: list[Page], *, is_all: bool) -> None:
    over = [page for page in pages if page.is_over]
    slow = [page for page in pages if page.median_ms > MOST_MS]
    print(
        f"{len(pages)} pages, {len(slow)} over {MOST_MS:.0f} ms, {sum(p.size > MOST_BYTES for p in pages)} over 100 kB"
    )
    print(
        "| page | who | status | median ms | worst ms | kB | queries | slowest query |\n|---|---|---|---|---|---|---|---|"
    )
    key: Callable[[Page], float] = lambda page: -page.median_ms  # noqa: E731
    for page in sorted(pages if is_all else over, key=key):
        q = page.queries
        sql = q.slowest.replace('"', "").replace("|", "")[:150] if q.slowest_ms > 40 else ""
        print(
            f"| {page.url} | {page.who} | {page.status} | {page.median_ms:.0f} | {max(page.took_ms):.0f} | {page.size / 1000:.0f} "
            f"| {q.count} | {q.slowest_ms:.0f} ms {sql} |"
        )
