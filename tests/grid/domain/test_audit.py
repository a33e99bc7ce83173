from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.transaction import TransactionManagementError

from evbalancer.common.words.said import Said
from grid.domain.audit import SYSTEM, Actor, record_entry
from grid.enums import ActorKind
from grid.models import AuditEntry
from grid.models.audit import AppendOnlyError
from tests.factories.drivers import UserFactory
from tests.factories.grid import CircuitFactory, CommunityFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


def record(target, **fields):
    return record_entry(**({"actor": SYSTEM, "action": "x.done", "target": target, "now": NOW} | fields))


def test_entry_names_its_target_as_it_was_then():
    circuit = CircuitFactory(name="Panel A")
    entry = record(circuit, before={"at": NOW}, after={"limit_ma": circuit.limit_ma})
    circuit.name = "Panel B"
    circuit.save()
    entry.refresh_from_db()
    assert (entry.community, entry.at) == (circuit.community, NOW)
    assert (entry.target_kind, entry.target_id, entry.target_label) == (
        "grid.Circuit",
        str(circuit.pk),
        "Panel A",
    )
    assert (entry.before, entry.after) == ({"at": "2026-11-02T18:00:00Z"}, {"limit_ma": [48_000] * 3})


def test_community_is_its_own_and_an_account_is_nobodys():
    community, user = CommunityFactory(), UserFactory()
    assert [record(community).community, record(user).community] == [community, None]


def test_actor_outlives_the_account():
    user = UserFactory(username="ada")
    actor = Actor.of_user(user)
    entry = record(CommunityFactory(), actor=actor)
    user.delete()
    entry.refresh_from_db()
    assert (entry.actor_kind, entry.actor_id, entry.actor_label) == (ActorKind.USER, actor.id, "ada")


def test_reason_of_a_code_is_kept_in_english_and_long_words_are_cut():
    community = CommunityFactory()
    assert record(community, reason=Said("emergency.served")).reason == "Served."
    long = record(community, reason="x" * 300, actor=Actor(ActorKind.CHARGER, "1", "y" * 200))
    assert (len(long.reason), len(long.actor_label)) == (200, 150)


@pytest.mark.django_db(transaction=True)
def test_entry_outside_of_a_transaction_is_refused():
    community = CommunityFactory()
    assert not connection.in_atomic_block
    with pytest.raises(TransactionManagementError):
        record(community)
    assert not AuditEntry.objects.exists()


def test_entry_is_neither_changed_nor_deleted():
    entry = record(CommunityFactory())
    for act in (entry.save, entry.delete):
        with pytest.raises(AppendOnlyError):
            act()
