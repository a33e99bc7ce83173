"""Content security policy: everything a page loads comes from this host."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

STRICT = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)
# The admin theme runs Alpine, which evaluates its attributes; the API browser has an inline starter script.
RELAXED = STRICT + "; script-src 'self' 'unsafe-inline' 'unsafe-eval'"
RELAXED_PREFIXES = ("/admin/", "/api/docs")


class ContentSecurityPolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = RELAXED if request.path.startswith(RELAXED_PREFIXES) else STRICT
        response.headers.setdefault("Content-Security-Policy", policy)
        return response
