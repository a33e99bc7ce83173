"""OCPP 2.0.1."""

from chargers.enums import OcppVersion
from chargers.ocpp.protocol import Version
from chargers.ocpp.v201.device_model import learn
from chargers.ocpp.v201.divisions import DIVISIONS
from chargers.ocpp.v201.inbound import HANDLERS
from chargers.ocpp.v201.outbound import judge, translate

ERROR_CODES = {
    "FormationViolation": "FormatViolation",
    "OccurenceConstraintViolation": "OccurrenceConstraintViolation",
}
V201 = Version(
    subprotocol=OcppVersion.V201.value,
    package="v201",
    handlers=HANDLERS,
    translate=translate,
    judge=judge,
    learn=learn,
    divisions=DIVISIONS,
    request_suffix="Request",
    error_codes=ERROR_CODES,
)
