from datetime import UTC, datetime

import pytest

from evbalancer.common.db.rows import add_rows, store_columns
from scheduling.models import Allotment
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = pytest.mark.django_db
THEN = datetime(2026, 3, 1, 12, 0, 0, 123, tzinfo=UTC)
FIELDS = ["session", "running", "wanted_ma", "reason", "facts", "next_change_at"]


def test_columns_are_stored_of_every_kind_and_others_left_alone():
    connectors = ConnectorFactory.create_batch(3)
    rows = [
        Allotment(community=connector.community, connector=connector, reason="idle", since=THEN, at=THEN)
        for connector in connectors
    ]
    rows[1].facts = {"said": "before"}
    add_rows(rows)
    add_rows([])
    stored_facts = [Allotment.objects.get(pk=row.pk).facts for row in rows]
    assert stored_facts == [{}, {"said": "before"}, {}]
    facts = {"circuit": "Größe \"x\" {a,b} \\ 'y' %s", "sharing": [1, None, {"a": 2.5}]}
    changed, cleared, untouched = rows
    changed.session = SessionFactory(connector=connectors[0], plugged_at=THEN)
    changed.running, changed.wanted_ma, changed.facts, changed.next_change_at = True, 16_000, facts, THEN
    cleared.facts, cleared.reason, cleared.next_change_at = {}, "it's, {odd} \\", None
    for row in rows:
        row.starts = 7
    store_columns([changed, cleared], FIELDS)
    store_columns([], FIELDS)

    def stored(row):
        found = Allotment.objects.get(pk=row.pk)
        return [getattr(found, name) for name in FIELDS]

    for row in (changed, cleared):
        assert stored(row) == [getattr(row, name) for name in FIELDS]
    assert stored(untouched) == [None, False, 0, "idle", {}, None]
    assert set(Allotment.objects.values_list("starts", flat=True)) == {0}
