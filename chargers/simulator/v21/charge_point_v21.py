from __future__ import annotations

from typing import Any, ClassVar

from ocpp.v21 import call, call_result
from ocpp.v21.enums import Action

from chargers.simulator.link import Wire
from chargers.simulator.v201.inbound_v201 import InboundV201
from chargers.simulator.v201.station_v201 import StationV201


class InboundV21(InboundV201):
    """Of OCPP 2.1, a station takes here what 2.0.1 has, by the newer schemas; what is new in it is not supported."""

    version = "2.1"
    known_actions = frozenset(Action)
    _call = call
    _call_result = call_result
    _ocpp_version = "2.1"
    of_monitors: ClassVar[dict[str, str]] = {"event_notification_type": "CustomMonitor"}


class ChargePointV21(StationV201):
    """A simulated charging station that speaks OCPP 2.1; every EVSE has one connector."""

    subprotocol: ClassVar[str] = "ocpp2.1"
    requests: ClassVar[Any] = call

    def open_protocol(self, wire: Wire) -> InboundV21:
        self.forget_shown()
        return InboundV21(self, wire)
