"""Keeps of each browser's session that it was seen, for the list of its person's sign-ins."""

import logging
import time
from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drivers.domain.sign_in.sign_ins import NOTED_EVERY, note_sign_in
from drivers.models import SignIn, User
from evbalancer.common.security.lockout import address_of

logger = logging.getLogger(__name__)

# In the session: when it was kept last, and under which key, which changes at sign-in and with a password.
KEPT = "seen"


class SeenMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Pages that ask for nobody leave the session alone: it stays unread, and the answer may be kept by caches.
        if request.session.accessed and isinstance(request.user, User) and request.session.session_key:
            _note(request, request.user)
        return response


def _note(request: HttpRequest, user: User) -> None:
    key = str(request.session.session_key)
    seen_s, former_key = request.session.get(KEPT, (0, ""))
    if former_key == key and time.time() - seen_s < NOTED_EVERY.total_seconds():
        return
    try:
        note_sign_in(
            user,
            kind=SignIn.Kind.BROWSER,
            key=key,
            former_key=former_key,
            device=request.headers.get("User-Agent", ""),
            address=address_of(request),
            now=timezone.now(),
        )
    except DatabaseError:
        # A page that could be read is shown, although nothing can be stored.
        logger.warning("A session of user %s was not noted as seen", user.pk)
        return
    request.session[KEPT] = (int(time.time()), key)
