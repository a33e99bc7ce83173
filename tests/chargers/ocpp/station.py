"""A 2.0.1 station that is typed by hand: words for what it says, on the wire."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from chargers.domain.intake import Desk
from chargers.models import Connector
from chargers.ocpp import schemas
from chargers.ocpp.protocol import Version
from chargers.ocpp.v201 import V201
from chargers.reports.base import Source
from tests.chargers.conftest import Charger, utc_now

SUBPROTOCOL = "ocpp2.0.1"


class Desked:
    """A charge point's calls without a wire: schema, handler, desk and schema again, as a link takes them."""

    def __init__(self, connector: Connector, version: Version = V201) -> None:
        station = connector.charge_point
        self.version = version
        self.source = Source(station.pk, station.cluster_id, station.community_id, uuid4())
        self.answers: dict[str, Any] = {}
        self.desk = Desk()

    def call(
        self, action: str, payload: dict[str, Any] | None = None, *, at: datetime | None = None
    ) -> dict[str, Any]:
        version, received_at = self.version, at or datetime.now(UTC)
        assert schemas.complaint(version.package, version.request_schema(action), payload) is None
        handler = version.handlers[action]
        report = handler.read(payload or {}, self.source, received_at)
        outcome = None if report is None else self.desk.take([report])[0]
        answer = handler.word(payload or {}, outcome, received_at)
        assert schemas.complaint(version.package, version.response_schema(action), answer) is None
        return answer


class Station:
    """The 2.0.1 words of a charge point's end of the wire."""

    def __init__(self, charger: Charger | Desked, *, subprotocol: str = SUBPROTOCOL) -> None:
        self.charger = charger
        self.subprotocol = subprotocol

    def connect(self) -> "Station":
        self.charger.answers["SetVariables"] = set_all
        self.charger.connect(subprotocols=(self.subprotocol,))
        return self

    def call(self, action: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.charger.call(action, payload)

    def boot(self, reason: str = "PowerUp") -> dict[str, Any]:
        station = {"model": "Typed", "vendorName": "Hand", "serialNumber": "S1", "firmwareVersion": "1.0"}
        return self.call("BootNotification", {"reason": reason, "chargingStation": station})

    def status(self, status: str, evse: int = 1, connector: int = 1) -> None:
        payload = {
            "timestamp": utc_now(),
            "connectorStatus": status,
            "evseId": evse,
            "connectorId": connector,
        }
        assert self.call("StatusNotification", payload) == {}

    def authorize(self, token: str, kind: str = "ISO14443", **more: Any) -> dict[str, Any]:
        answer = self.call("Authorize", {"idToken": {"idToken": token, "type": kind}, **more})
        return answer["idTokenInfo"]

    def event(
        self,
        kind: str,
        sequence: int,
        *,
        uid: str = "tx-1",
        state: str | None = None,
        token: str | None = None,
        wh: float | None = None,
        at: str | None = None,
        evse: int | None = 1,
        trigger: str = "ChargingStateChanged",
        context: str | None = None,
        info: dict[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        contexts = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}
        payload = {
            "eventType": kind,
            "timestamp": at or utc_now(),
            "triggerReason": trigger,
            "seqNo": sequence,
            "transactionInfo": {"transactionId": uid, **(info or {})},
            **more,
        }
        if state is not None:
            payload["transactionInfo"]["chargingState"] = state
        if evse is not None:
            payload["evse"] = {"id": evse, "connectorId": 1}
        if token is not None:
            payload["idToken"] = {"idToken": token, "type": "ISO14443"}
        if wh is not None:
            payload["meterValue"] = [reading(wh, at, context or contexts.get(kind, "Sample.Periodic"))]
        return self.call("TransactionEvent", payload)


def set_all(payload: dict[str, Any]) -> dict[str, Any]:
    """The answer of a station that takes every value."""
    places = [{name: data[name] for name in ("component", "variable")} for data in payload["setVariableData"]]
    return {"setVariableResult": [{**place, "attributeStatus": "Accepted"} for place in places]}


def reading(wh: float, at: str | None = None, context: str = "Sample.Periodic") -> dict[str, Any]:
    value = {"value": wh, "context": context, "unitOfMeasure": {"unit": "Wh"}}
    return {"timestamp": at or utc_now(), "sampledValue": [value]}


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
