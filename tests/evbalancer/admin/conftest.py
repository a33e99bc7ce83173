from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client

from drivers.models import User
from tests.factories.world import World, populate
from tests.shared_rows import kept_for_module


@pytest.fixture(scope="module")
def rows_of_worlds(django_db_setup, django_db_blocker):
    with kept_for_module(django_db_blocker):
        operator = User.objects.create_superuser("operator-x", "op@example.org", "correct horse battery")
        yield SimpleNamespace(a=populate("SECRETA"), b=populate("SECRETB"), operator=operator)


@pytest.fixture
def worlds(rows_of_worlds, db):
    """Communities A and B, a row of every kind in each, and an operator."""
    kept = rows_of_worlds
    return SimpleNamespace(a=Copied(kept.a), b=Copied(kept.b), operator=deepcopy(kept.operator))


class Copied:
    """A world whose rows a test may change: it has a copy of each that it asks for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows: dict[str, Model] = {}

    def __getitem__(self, label: str) -> Any:
        if label not in self._rows:
            self._rows[label] = deepcopy(self._world[label])
        return self._rows[label]

    def __getattr__(self, name: str) -> Any:
        copied = deepcopy(getattr(self._world, name))
        setattr(self, name, copied)
        return copied


@pytest.fixture
def sign_in():
    return _signed_in


def _signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


class Pages:
    """What a manager and an operator see of `worlds`, for tests that only look: each page is made once a module."""

    def __init__(self, *people: User) -> None:
        self._clients = {user.pk: _signed_in(user) for user in people}
        self._seen: dict[tuple[Any, str], Any] = {}

    def see(self, user: User, address: str) -> Any:
        key = user.pk, address
        if key not in self._seen:
            response = self._clients[user.pk].get(address)
            if response.streaming:
                response = HttpResponse(b"".join(response.streaming_content), status=response.status_code)
            self._seen[key] = response
        return self._seen[key]


@pytest.fixture(scope="module")
def kept_pages(rows_of_worlds):
    return Pages(rows_of_worlds.a.manager, rows_of_worlds.operator)


@pytest.fixture
def pages(kept_pages, db):
    return kept_pages
