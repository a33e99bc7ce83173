from copy import deepcopy
from types import SimpleNamespace

import pytest
from django.test import Client

from drivers.models import User
from tests.factories.world import populate
from tests.shared_rows import kept_for_module


@pytest.fixture(scope="module")
def rows_of_worlds(django_db_setup, django_db_blocker):
    with kept_for_module(django_db_blocker):
        operator = User.objects.create_superuser("operator-x", "op@example.org", "correct horse battery")
        yield SimpleNamespace(a=populate("SECRETA"), b=populate("SECRETB"), operator=operator)


@pytest.fixture
def worlds(rows_of_worlds, db):
    """Communities A and B, a row of every kind in each, and an operator."""
    return deepcopy(rows_of_worlds)


@pytest.fixture
def sign_in():
    def as_user(user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return as_user
