"""Nobody waits at a screen for a cluster that somebody else keeps locked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse

from evbalancer.common.db.locks import waiting_at_most

# A rebalance of the largest cluster takes a part of it; a queue of them, or one that hangs, is not waited for.
LONGEST_WAIT: Final = timedelta(seconds=5)


class PatienceMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with waiting_at_most(LONGEST_WAIT):
            return self.get_response(request)
