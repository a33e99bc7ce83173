from __future__ import annotations

from chargers.simulator.link import Wire
from chargers.simulator.v16.inbound_v16 import InboundV16
from chargers.simulator.v16.station_v16 import StationV16


class ChargePoint(StationV16):
    """A simulated charge point that speaks OCPP 1.6J."""

    def open_protocol(self, wire: Wire) -> InboundV16:
        return InboundV16(self, wire)
