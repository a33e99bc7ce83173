"""OCPP 1.6J."""

from chargers.enums import OcppVersion
from chargers.ocpp.protocol import Version
from chargers.ocpp.v16.inbound import HANDLERS
from chargers.ocpp.v16.outbound import judge, translate

V16 = Version(
    subprotocol=OcppVersion.V16.value,
    package="v16",
    handlers=HANDLERS,
    translate=translate,
    judge=judge,
)
