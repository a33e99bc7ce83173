"""Tells the domain what can be asked in each version of OCPP."""

from chargers.domain.orders import abilities
from chargers.enums import OcppVersion
from chargers.ocpp.v16 import outbound as v16
from chargers.ocpp.v16 import profiles as profiles_v16
from chargers.ocpp.v201 import outbound as v201
from chargers.ocpp.v201 import profiles as profiles_v201

abilities.register_language(OcppVersion.V16, v16.WRITERS, fallback_level=profiles_v16.fallback_level)
abilities.register_language(OcppVersion.V201, v201.WRITERS, fallback_level=profiles_v201.fallback_level)
abilities.register_language(OcppVersion.V21, v201.WRITERS, fallback_level=profiles_v201.fallback_level)
