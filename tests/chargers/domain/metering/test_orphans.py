"""Messages that match nothing are kept once each."""

from datetime import timedelta

import pytest

from chargers.domain.metering.orphans import keep_orphan
from chargers.models import OrphanMessage
from chargers.reports.base import Source
from tests.factories.chargers import ConnectorFactory

PAYLOAD = {"transactionId": 5, "meterStop": 10, "nested": {"a": 1, "b": [1, 2]}}


@pytest.fixture
def keep(source, now):
    def keep(payload=PAYLOAD, *, action="StopTransaction", why="unknown", of=source, at=now):
        keep_orphan(of, action=action, why=why, payload=payload, now=at)

    return keep


def test_repetition_is_kept_once_with_the_moment_and_the_reason_of_the_first(keep, source, now, caplog):
    keep()
    again = {"nested": {"b": [1, 2], "a": 1}, "meterStop": 10, "transactionId": 5}
    keep(again, why="another reason", at=now + timedelta(hours=1))
    row = OrphanMessage.objects.get()
    assert (row.charge_point_id, row.community_id) == (source.charge_point_id, source.community_id)
    assert (row.action, row.why, row.received_at, row.payload) == ("StopTransaction", "unknown", now, PAYLOAD)
    assert caplog.text.count("kept aside") == 1


def test_another_action_another_value_and_another_charge_point_are_other_messages(keep):
    keep()
    keep(action="StartTransaction")
    keep({**PAYLOAD, "meterStop": 11})
    keep({**PAYLOAD, "nested": {"a": 1, "b": [2, 1]}})
    other = ConnectorFactory().charge_point
    keep(of=Source(other.pk, other.cluster_id, other.community_id, other.pk))
    assert OrphanMessage.objects.count() == 5


def test_long_reason_is_cut_to_its_column(keep):
    keep(why="x" * 500)
    assert OrphanMessage.objects.get().why == "x" * 120
