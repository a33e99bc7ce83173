"""Health and metrics are asked for by address, not by name: of a container, of one replica among many."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from evbalancer.ops.urls import urlpatterns

PROBES = {f"/{pattern.pattern}": pattern.callback for pattern in urlpatterns}


class ProbeMiddleware:
    """Answers them before anything judges the host. They name no host in their answers, read no body and know no session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        return self.get_response(request) if probe is None else probe(request)
