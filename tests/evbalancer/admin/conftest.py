from types import SimpleNamespace

import pytest
from django.test import Client

from drivers.models import User
from tests.factories.world import populate


@pytest.fixture
def worlds(db):
    """Communities A and B, a row of every kind in each, and an operator."""
    operator = User.objects.create_superuser("operator-x", "op@example.org", "correct horse battery")
    return SimpleNamespace(a=populate("SECRETA"), b=populate("SECRETB"), operator=operator)


@pytest.fixture
def sign_in():
    def as_user(user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return as_user
