"""Refuses at the door what no database stores: NUL characters and halves of surrogate pairs, wherever a request carries them.

PostgreSQL raises for them deep in a query, which would be answered 500; here it is the sender's mistake, 400.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse, JsonResponse

REFUSED = {
    "type": "urn:evbalancer:not_text",
    "title": "The request contains characters that can't be stored",
    "status": 400,
    "code": "not_text",
}
JSON = "json"
READ = ("POST", "PUT", "PATCH", "DELETE")


class PlainTextMiddleware:
    """Looks at path, query, cookies and headers, and at the bodies that are text."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_storable(_head(request)) and _has_plain_body(request):
            return self.get_response(request)
        return _refusal()

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Fields of a form with files, which are parsed only now."""
        if request.method not in READ or not (request.content_type or "").startswith("multipart/"):
            return None
        fields = (text for name, values in request.POST.lists() for text in (name, *map(str, values)))
        return None if is_storable(fields) else _refusal()


def _refusal() -> HttpResponse:
    return JsonResponse(REFUSED, status=400, content_type="application/problem+json")


def is_storable(texts: Iterable[str]) -> bool:
    """Whether a database takes these texts."""
    text = "\n".join(texts)
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _head(request: HttpRequest) -> Iterable[str]:
    yield request.path
    query = request.META.get("QUERY_STRING", "")
    yield unquote_to_bytes(query).decode(errors="replace")
    for name, value in request.META.items():
        if name.startswith("HTTP_") and isinstance(value, str):
            # Cookies are read with their escapes: \000 is a NUL there.
            yield value.replace("\\000", "\0") if name == "HTTP_COOKIE" else value
            if "%" in value:
                yield unquote_to_bytes(value).decode(errors="replace")


def _has_plain_body(request: HttpRequest) -> bool:
    if request.method not in READ:
        return True
    if request.content_type == "application/x-www-form-urlencoded":
        return b"%00" not in request.body and b"\0" not in request.body
    return not (request.content_type or "").endswith(JSON) or _is_plain_json(request.body)


def _is_plain_json(body: bytes) -> bool:
    if b"\0" in body:
        return False
    if b"\\u" not in body:
        return True
    try:
        told = json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return True  # no JSON at all, which its view says in its own words
    # Without pairs of backslashes, which are a backslash and no escape.
    return "\\u0000" not in told.replace("\\\\", "") and is_storable([told])
