"""Without the database nothing is answered and nobody is let in: chargers go offline, keep their messages and come again."""

import pytest
from django.db import OperationalError
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chargers.models import Session
from chargers.ocpp import writer
from tests.chargers.conftest import until

pytestmark = pytest.mark.promise("E12")


def test_start_is_kept_by_the_charger_until_the_database_is_back(online, monkeypatch):
    started = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "2026-01-01T00:00:00Z"}

    def away(*_):
        raise OperationalError("the database does not answer")

    with monkeypatch.context() as outage:
        outage.setattr(writer.Desk, "take", away)
        outage.setattr("evbalancer.common.db.database.database_answers", lambda: False)
        with pytest.raises(ConnectionClosed) as closing:
            online.call("StartTransaction", started)
        assert closing.value.rcvd.code == 1013
        with pytest.raises(InvalidStatus) as refusal:
            online.connect()
        assert refusal.value.response.status_code == 503
    online.connect()
    online.call("StartTransaction", started)
    until(lambda: Session.objects.count() == 1)
