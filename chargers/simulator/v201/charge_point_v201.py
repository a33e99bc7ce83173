from __future__ import annotations

from chargers.simulator.link import Wire
from chargers.simulator.v201.inbound_v201 import InboundV201
from chargers.simulator.v201.station_v201 import StationV201


class ChargePointV201(StationV201):
    """A simulated charging station that speaks OCPP 2.0.1; every EVSE has one connector."""

    def open_protocol(self, wire: Wire) -> InboundV201:
        self.forget_shown()
        return InboundV201(self, wire)
