"""What every charge point is configured to after it was accepted: how often it meters, and what."""

from datetime import datetime

from django.conf import settings

from chargers.domain import commands
from chargers.enums import CommandKind, CommandState
from chargers.models import ChargePoint, ChargerCommand

BY = "onboarding"
EXPIRES_S = 600
MEASURANDS = (
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Current.Offered,Voltage,SoC",
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import",
)
WEBSOCKET_PING_S = 20


def wanted_configuration() -> list[tuple[str, str]]:
    """OCPP 1.6's keys and values, in the order in which they are sent. A charger may refuse any of them."""
    return [
        ("MeterValueSampleInterval", str(settings.OCPP_METER_SAMPLE_S)),
        ("MeterValuesSampledData", MEASURANDS[0]),
        ("ClockAlignedDataInterval", "0"),
        ("WebSocketPingInterval", str(WEBSOCKET_PING_S)),
    ]


def configure(charge_point: ChargePoint, *, anew: bool, now: datetime) -> None:
    """Queue what has not been settled yet; everything for a new charge point or a new firmware."""
    mine = ChargerCommand.objects.filter(
        charge_point=charge_point, kind=CommandKind.CHANGE_CONFIGURATION, requested_by=BY
    )
    open_or_done = [CommandState.QUEUED, CommandState.SENT]
    if not anew:
        open_or_done += [CommandState.ACCEPTED, CommandState.REJECTED, CommandState.ERROR]
    settled = [
        (arguments["key"], arguments["value"])
        for arguments in mine.filter(state__in=open_or_done).values_list("arguments", flat=True)
    ]
    for key, value in wanted_configuration():
        if (key, value) not in settled:
            commands.enqueue(
                charge_point,
                CommandKind.CHANGE_CONFIGURATION,
                by=BY,
                now=now,
                arguments={"key": key, "value": value},
                expires_s=EXPIRES_S,
            )
