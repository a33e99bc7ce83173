"""OCPP 2.1: what 2.0.1 says under newer schemas, and what is new in it."""

from chargers.enums import OcppVersion
from chargers.ocpp.protocol import Version
from chargers.ocpp.v21.inbound import HANDLERS
from chargers.ocpp.v21.outbound import judge, translate
from chargers.ocpp.v201 import ERROR_CODES
from chargers.ocpp.v201.device_model import learn
from chargers.ocpp.v201.divisions import DIVISIONS

V21 = Version(
    subprotocol=OcppVersion.V21.value,
    package="v21",
    handlers=HANDLERS,
    translate=translate,
    judge=judge,
    learn=learn,
    divisions=DIVISIONS,
    request_suffix="Request",
    error_codes=ERROR_CODES,
    has_asides=True,
)
