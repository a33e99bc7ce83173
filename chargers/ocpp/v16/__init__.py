"""OCPP 1.6J."""

from chargers.enums import OcppVersion
from chargers.ocpp.protocol import Version, is_end_of_16
from chargers.ocpp.v16.inbound import HANDLERS
from chargers.ocpp.v16.outbound import DIVISIONS, judge, translate

# What is no call at all (OCPP-J 1.6 table 7).
ERROR_CODES = {"RpcFrameworkError": "FormationViolation"}
V16 = Version(
    subprotocol=OcppVersion.V16.value,
    package="v16",
    handlers=HANDLERS,
    translate=translate,
    judge=judge,
    is_end=is_end_of_16,
    divisions=DIVISIONS,
    error_codes=ERROR_CODES,
)
