"""Shared by every app's API: problem details (RFC 9457), paging, tenancy."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import exception_handler, set_rollback

from evbalancer.common.errors import DomainError, InvalidInput
from evbalancer.common.words.said import WORDS

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 10


class ApiRouter(SimpleRouter):
    """Our URLs: no trailing slash, ids are UUIDs (anything else is a 404 and never reaches a query)."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False, use_regex_path=False)


class Paging(LimitOffsetPagination):
    default_limit = 50
    max_limit = 200


def problem(*, status: int, code: str, title: str, detail: str = "", **members: Any) -> dict[str, Any]:
    """The members of a problem details object. `code` is stable and for programs; `detail` is for people."""
    return {
        "type": f"urn:evbalancer:{code}",
        "title": gettext(title),
        "status": status,
        "code": code,
        "detail": detail,
        **members,
    }


def problem_of(refusal: DomainError) -> dict[str, Any]:
    """`detail` is in the reader's language; where it has a code of its own, that and its facts stand beside it."""
    said = {} if refusal.said.code == WORDS else {"detail_said": refusal.said.stored}
    return problem(
        status=refusal.status,
        code=refusal.code,
        title=refusal.title,
        detail=refusal.detail,
        **refusal.facts,
        **said,
    )


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER: every refusal leaves as application/problem+json, and changes nothing."""
    if isinstance(error, DomainError):
        set_rollback()
        refusal = Response(problem_of(error), status=error.status, content_type=PROBLEM_JSON)
        if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            refusal.headers["Retry-After"] = str(RETRY_AFTER_S)
        return refusal
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    title = HTTPStatus(response.status_code).phrase
    if isinstance(error, exceptions.ValidationError):
        details = error.get_full_details()
        response.data = problem(
            status=response.status_code,
            code="invalid",
            title=InvalidInput.title,
            detail=gettext("See `errors` for the invalid fields."),
            errors=error.detail if isinstance(details, dict) else {"non_field_errors": error.detail},
        )
    else:
        # simplejwt puts its code into the detail, where DRF looks for none.
        code = error.detail.get("code") if isinstance(error.detail, dict) else error.get_codes()
        response.data = problem(
            status=response.status_code,
            code=str(code) if isinstance(code, str) else error.default_code,
            title=title,
            detail=str(error.detail.get("detail", ""))
            if isinstance(error.detail, dict)
            else str(error.detail),
        )
    response.content_type = PROBLEM_JSON
    return response


def plain_problem(status: HTTPStatus, detail: str = "") -> HttpResponse:
    """For Django's own 404 and 500 of API paths."""
    body = problem(status=status, code=status.name.lower(), title=status.phrase, detail=detail)
    return JsonResponse(body, status=status, content_type=PROBLEM_JSON)
