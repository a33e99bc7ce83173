"""OCPP 2.1 from the charging station. Its 2.0.1 calls are read as those are; the news of it are confirmed or declined.

Price, payment, battery swaps and grid support of 2.1 are not taken here: those calls are answered NotSupported.
"""

from datetime import datetime
from typing import Any

from chargers.ocpp.protocol import Handler, Payload
from chargers.ocpp.v201 import inbound
from chargers.reports.base import Source


def _nothing(payload: Payload, source: Source, received_at: datetime) -> None:
    """Its record in the OCPP log is all that is kept."""


def _empty(outcome: Any, received_at: datetime) -> Payload:
    return {}


def _rejected(outcome: Any, received_at: datetime) -> Payload:
    return {"status": "Rejected"}


HANDLERS = {
    **inbound.HANDLERS,
    "ClosePeriodicEventStream": Handler(_nothing, _empty),
    "NotifyDERAlarm": Handler(_nothing, _empty),
    "NotifyDERStartStop": Handler(_nothing, _empty),
    "NotifyPriorityCharging": Handler(_nothing, _empty),
    # Frames that nobody confirms are not taken: its meter comes with its transactions.
    "OpenPeriodicEventStream": Handler(_nothing, _rejected),
    # No profile of ours is dynamic.
    "PullDynamicScheduleUpdate": Handler(_nothing, _rejected),
    "ReportDERControl": Handler(_nothing, _empty),
}
