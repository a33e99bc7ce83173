"""What people ask of the product: the API and the back office, through Django's test client, with their own permissions."""

import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from chargers.simulator.plant.wiring import Amps3
from drivers.models import User
from evbalancer.life.people.form import form_data
from evbalancer.life.scene import Scene

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    told: Any

    @property
    def is_yes(self) -> bool:
        return self.status < HTTPStatus.MULTIPLE_CHOICES


NOBODY = Answer(HTTPStatus.SERVICE_UNAVAILABLE, {})


class Person:
    """Somebody with an account. A refusal is a part of life and told; Django logs a failure of the server as an error."""

    def __init__(self, scene: Scene, name: str, user: User) -> None:
        self.scene = scene
        self.name = name
        options: dict[str, Any] = {"SERVER_NAME": _own_name(), "raise_request_exception": False}
        self.api = APIClient(**options, HTTP_ACCEPT="application/json")
        self.api.force_authenticate(user)
        self._pages = Client(**options)
        self._user = user

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, what: str = "") -> Answer:
        """The API's answer. `what` is how the story tells it; of a mere look it tells nothing."""
        if not self.scene.is_served():
            self._tell(what, "nobody answers")
            return NOBODY
        send = getattr(self.api, method.lower())
        response = send(path, body, format=None if method == "GET" else "json", secure=True)
        content = response.getvalue()
        is_json = content[:1] in (b"{", b"[")
        answer = Answer(response.status_code, json.loads(content) if is_json else {})
        self._tell(what, "" if answer.is_yes else _refusal(answer))
        return answer

    def pry(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Ask for what is not theirs: anything but a refusal is logged as an error."""
        answer = self.ask(method, path, body, what=f"tries {method} on what belongs to others")
        if answer.is_yes:
            logger.error("%s was let in by %s %s", self.name, method, path)

    def fill_in(self, page: str, *arguments: Any, what: str, **fields: str | list[str]) -> bool:
        """Open a page of the back office, change some fields of its form and save it. Whether it was taken."""
        if not self.scene.is_served():
            self._tell(what, "nobody answers")
            return False
        self._pages.force_login(self._user)
        address = reverse(f"admin:{page}", args=arguments)
        shown = self._pages.get(address, secure=True)
        if shown.status_code != HTTPStatus.OK:
            self._tell(what, f"the page answers {shown.status_code}")
            return False
        filled = {**form_data(shown), **{name: _listed(value) for name, value in fields.items()}}
        saved = self._pages.post(address, filled, secure=True, HTTP_REFERER=f"https://{_own_name()}{address}")
        is_taken = bool(saved.status_code == HTTPStatus.FOUND)
        self._tell(what, "" if is_taken else f"the form is shown again ({saved.status_code})")
        return is_taken

    def _tell(self, what: str, how: str = "") -> None:
        if what:
            self.scene.story.tell(self.name, f"{what}: {how}" if how else what)


class Machine:
    """A building's meter, with the key of its circuit."""

    def __init__(self, scene: Scene, name: str, key: str) -> None:
        self.name = name
        self._scene = scene
        self._api = APIClient(
            SERVER_NAME=_own_name(), raise_request_exception=False, HTTP_AUTHORIZATION=f"Bearer {key}"
        )

    def push(self, load_ma: Amps3) -> None:
        if not self._scene.is_served():
            return
        body = {f"l{phase}_ma": current_ma for phase, current_ma in enumerate(load_ma, start=1)}
        response = self._api.post("/grid/meter", body, format="json", secure=True)
        if response.status_code != HTTPStatus.NO_CONTENT:
            self._scene.story.tell(self.name, f"is answered {response.status_code}")


def _refusal(answer: Answer) -> str:
    told = answer.told if isinstance(answer.told, dict) else {}
    return f"{answer.status} {told.get('code') or told.get('title') or ''}".strip()


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _own_name() -> str:
    return next((host for host in settings.ALLOWED_HOSTS if "*" not in host), "localhost")
