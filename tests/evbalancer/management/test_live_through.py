import pytest
from django.core.management.base import CommandError

from evbalancer.management.commands import live_through


@pytest.mark.parametrize(("text", "seeds"), [("7", [7]), ("7-9", [7, 8, 9])])
def test_seeds_are_named_by_the_first_and_the_last(text, seeds):
    assert list(live_through._seeds(text)) == seeds


def test_life_is_in_memory_unless_a_server_is_asked_for(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://root@127.0.0.1/evb")
    assert live_through._environment("sqlite")["DATABASE_URL"] == "sqlite://:memory:"
    assert live_through._environment("postgresql")["DATABASE_URL"] == "postgres://root@127.0.0.1/evb"


def test_postgresql_needs_a_server(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite://:memory:")
    with pytest.raises(CommandError, match="Set DATABASE_URL to a PostgreSQL server"):
        live_through._environment("postgresql")
