from chargers.models.access import AccessRule
from chargers.models.cards import LocalList, RefusedCard
from chargers.models.certificate import ChargePointCertificate
from chargers.models.charge_point import ChargePoint, Connector
from chargers.models.command import ChargerCommand
from chargers.models.device_variable import DeviceVariable
from chargers.models.group import ConnectorGroup
from chargers.models.make import Make
from chargers.models.make_correction import MakeCorrection
from chargers.models.message import MeterMean, MeterValue, OcppMessage, OrphanMessage
from chargers.models.pending import PendingChargePoint
from chargers.models.security_rule import SecurityRule
from chargers.models.session import Session, StrayDraw, TransactionNumber, WaitingStart
from chargers.models.signed_value import SignedMeterValue

__all__ = [
    "AccessRule",
    "ChargePoint",
    "ChargePointCertificate",
    "ChargerCommand",
    "Connector",
    "ConnectorGroup",
    "DeviceVariable",
    "LocalList",
    "Make",
    "MakeCorrection",
    "MeterMean",
    "MeterValue",
    "OcppMessage",
    "OrphanMessage",
    "PendingChargePoint",
    "RefusedCard",
    "SecurityRule",
    "Session",
    "SignedMeterValue",
    "StrayDraw",
    "TransactionNumber",
    "WaitingStart",
]
