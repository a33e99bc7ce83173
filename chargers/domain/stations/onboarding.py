"""The configuration of every accepted charge point: its meter values, their interval, and the questions to it."""

from datetime import datetime

from django.conf import settings

from chargers.domain.makes import told
from chargers.domain.metering import samples
from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import ChargePoint, ChargerCommand, SignedMeterValue
from chargers.orders.upkeep import ChangeConfiguration, ReadConfiguration, Trigger

BY = "onboarding"
EXPIRES_S = 600
MEASURANDS = (
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Current.Offered,Voltage,SoC",
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import",
)
MEASURANDS_KEY = "MeterValuesSampledData"
# OCPP 2: at 0 the end tells the first and the last reading only.
ENDED_INTERVAL_KEY = "SampledDataCtrlr.TxEndedInterval"
WEBSOCKET_PING_S = 20
END_KEY = "StopTxnSampledData"
NO_END = ChangeConfiguration(key=END_KEY, value="")
# OCPP 1.6's application note on signed meter values.
SIGNING_KEYS = ("SampledDataSignReadings", "StopTxnSignReadings")


def wanted_configuration(measurands: str = MEASURANDS[0], *, ocpp_version: str = "") -> list[tuple[str, str]]:
    """Keys and values in the house's words, which are OCPP 1.6's, in the order in which they are sent. A charger may refuse any of them.

    The end of a transaction carries no meter values of a whole night: they came on the way, and such a message may be too long
    to arrive. OCPP 2 has no other place for the register at the end, so that it keeps that one.
    """
    is_2 = ocpp_version in (OcppVersion.V201, OcppVersion.V21)
    return [
        ("MeterValueSampleInterval", str(settings.OCPP_METER_SAMPLE_S)),
        (MEASURANDS_KEY, measurands),
        ("ClockAlignedDataInterval", "0"),
        ("WebSocketPingInterval", str(WEBSOCKET_PING_S)),
        # A transaction whose card was refused ends where its driver stands, and not when we notice that it goes on.
        ("StopTransactionOnInvalidId", "true"),
        (END_KEY, samples.REGISTER if is_2 else NO_END.value),
        ("StopTxnAlignedData", ""),
        *([(ENDED_INTERVAL_KEY, "0")] if is_2 else []),
    ]


def configure_charge_point(charge_point: ChargePoint, *, is_new: bool, now: datetime) -> None:
    """Queue what has not been settled yet; everything for a new charge point or a new firmware."""
    mine = ChargerCommand.objects.filter(
        charge_point=charge_point, kind=CommandKind.CHANGE_CONFIGURATION, **commands.of_job(BY)
    )
    open_or_done = [CommandState.QUEUED, CommandState.SENT]
    if not is_new:
        open_or_done += [CommandState.ACCEPTED, CommandState.REJECTED, CommandState.ERROR]
    settled = [
        (arguments["key"], arguments["value"])
        for arguments in mine.filter(state__in=open_or_done).values_list("arguments", flat=True)
    ]
    make = told.told_make(charge_point)
    measurands = make.measurands if make is not None and make.measurands else MEASURANDS[0]
    wanted = wanted_configuration(measurands, ocpp_version=charge_point.ocpp_version)
    due = [ChangeConfiguration(key=key, value=value) for key, value in wanted if (key, value) not in settled]
    if NO_END in due and signs_values(charge_point):
        # Emptied, its StopTransaction would no longer prove what the bill says.
        due.remove(NO_END)
    commands.queue_commands(charge_point, due, by=BY, now=now, expires_s=EXPIRES_S)
    if is_new and (make is None or not make.feature_profiles):
        commands.queue_command(
            charge_point,
            ReadConfiguration(keys=tuple(told.QUESTIONS)),
            by=BY,
            now=now,
            expires_s=EXPIRES_S,
        )


def signs_values(charge_point: ChargePoint) -> bool:
    """Whether its meter signed a value before, or it took a setting that has it sign."""
    if SignedMeterValue.objects.filter(session__connector__charge_point=charge_point).exists():
        return True
    taken = charge_point.commands.filter(
        kind=CommandKind.CHANGE_CONFIGURATION,
        state=CommandState.ACCEPTED,
        arguments__key__in=SIGNING_KEYS,
    )
    values = taken.order_by("-queued_at").values_list("arguments__key", "arguments__value")
    # The newest word on each key.
    newest = {key: str(value) for key, value in reversed(values)}
    return any(value.strip().lower() == "true" for value in newest.values())


def ask_boot(charge_point: ChargePoint, *, now: datetime) -> None:
    """Some say nothing of themselves unless they are asked (1.6 section 5.17, 2.0.1 F06)."""
    commands.queue_command(charge_point, Trigger(message="BootNotification"), by=BY, now=now)


def boot_asked_at(charge_point: ChargePoint) -> datetime | None:
    """When it was first asked for its boot on the socket that is open now, if it was."""
    asked = charge_point.commands.filter(
        kind=CommandKind.TRIGGER,
        connector=None,
        queued_at__gte=charge_point.connected_at,
        **commands.of_job(BY),
    )
    return asked.order_by("queued_at").values_list("queued_at", flat=True).first()


def is_configured(charge_point: ChargePoint) -> bool:
    """Whether it was asked for its settings on the socket that is open now."""
    return charge_point.commands.filter(
        kind=CommandKind.CHANGE_CONFIGURATION,
        queued_at__gte=charge_point.connected_at,
        **commands.of_job(BY),
    ).exists()


def learns_from(command: ChargerCommand) -> bool:
    """Whether the answer teaches something of the make."""
    changed = command.read_as(ChangeConfiguration)
    is_metering = changed is not None and changed.key == MEASURANDS_KEY
    return command.is_of_job(BY) and (is_metering or command.kind == CommandKind.READ_CONFIGURATION)


def note_settings_answer(command: ChargerCommand, *, now: datetime) -> None:
    """Remember what it told of its make, and ask for fewer measurands where it refused many."""
    if command.kind == CommandKind.READ_CONFIGURATION and command.state == CommandState.ACCEPTED:
        told.note_configuration(command)
    changed = command.read_as(ChangeConfiguration)
    if changed is None:
        return
    if command.state == CommandState.ACCEPTED:
        told.remember_told(command.charge_point, {"measurands": changed.value})
    refused = command.state in (CommandState.REJECTED, CommandState.ERROR)
    if refused and changed.value in MEASURANDS[:-1]:
        fewer = MEASURANDS[MEASURANDS.index(changed.value) + 1]
        _change(command.charge_point, MEASURANDS_KEY, fewer, now=now)


def _change(charge_point: ChargePoint, key: str, value: str, *, now: datetime) -> None:
    commands.queue_command(
        charge_point,
        ChangeConfiguration(key=key, value=value),
        by=BY,
        now=now,
        expires_s=EXPIRES_S,
    )
