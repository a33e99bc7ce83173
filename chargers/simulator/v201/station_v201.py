from __future__ import annotations

from typing import Any, ClassVar

from ocpp.v201 import call

from chargers.simulator.clock import parse_time
from chargers.simulator.plant.connector import Connector, Reading, Transaction
from chargers.simulator.plant.metering import Sample, samples
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.station import Station
from chargers.simulator.talker import Queued
from chargers.simulator.v201.variables import DeviceModel, device_model_of
from chargers.simulator.whitelist import TagInfo

CONNECTOR_STATUS = {
    "Available": "Available",
    "Reserved": "Reserved",
    "Unavailable": "Unavailable",
    "Faulted": "Faulted",
}
CHARGING_STATE = {"Charging": "Charging", "SuspendedEV": "SuspendedEV", "SuspendedEVSE": "SuspendedEVSE"}

# How a transaction's end is reported: stoppedReason and triggerReason.
ENDS = {
    "EVDisconnected": ("EVDisconnected", "EVDeparted"),
    "Local": ("Local", "StopAuthorized"),
    "Remote": ("Remote", "RemoteStop"),
    "DeAuthorized": ("DeAuthorized", "Deauthorized"),
    "UnlockCommand": ("Other", "UnlockCommand"),
    "SoftReset": ("ImmediateReset", "ResetCommand"),
    "HardReset": ("ImmediateReset", "ResetCommand"),
    "PowerLoss": ("PowerLoss", "AbnormalCondition"),
}
SAMPLE_TRIGGERS = {
    "Sample.Periodic": "MeterValuePeriodic",
    "Sample.Clock": "MeterValueClock",
    "Trigger": "Trigger",
}
BOOT_REASONS = {"SoftReset": "RemoteReset", "HardReset": "RemoteReset", "PowerLoss": "PowerUp"}


class StationV201(Station):
    """What a 2.0.1 charging station says, and what it keeps."""

    subprotocol: ClassVar[str] = "ocpp2.0.1"
    requests: ClassVar[Any] = call

    def __init__(self, spec: ChargePointSpec, **options: Any) -> None:
        super().__init__(spec, **options)
        self.device_model: DeviceModel = device_model_of(self)
        self.messages: dict[int, dict[str, Any]] = {}  # on the display
        self.costs: dict[str, float] = {}  # transaction id -> last total told by the server
        self.known_profiles: dict[int, dict[str, Any]] = {}  # as the server sent them, for its own questions
        self.resets_when_idle = False
        self._shown: dict[int, str] = {}
        self._event_seq_no = 0

    def forget_shown(self) -> None:
        """A new connection: the server may know no state of ours."""
        self._shown.clear()
        for connector in self.connectors.values():
            if connector.transaction is not None and self.faults.renumbers_events:
                connector.transaction.seq_no = 0

    def profile_key(self, transaction: Transaction) -> str | None:
        return transaction.ref

    async def boot(self) -> tuple[str, int]:
        answer = await self.call(
            call.BootNotification(
                charging_station={
                    "model": self.spec.model,
                    "vendor_name": self.spec.vendor,
                    "serial_number": self.spec.id[:25],
                    "firmware_version": self.spec.firmware,
                },
                reason=BOOT_REASONS.get(self.last_reset, "PowerUp"),
            )
        )
        return str(answer.status), int(answer.interval)

    async def beat(self) -> None:
        await self.call(call.Heartbeat())

    async def ask_authorization(self, id_tag: str) -> TagInfo:
        answer = await self.call(call.Authorize(id_token=id_token(id_tag)))
        return token_info(answer.id_token_info)

    def advance(self, now_s: float) -> bool:
        changed = super().advance(now_s)
        for connector in self.connectors.values():
            self._watch_charging_state(connector)
        if self.resets_when_idle and not self.busy:
            self.resets_when_idle = False
            self.spawn(self.reboot(reason="SoftReset"))
        return changed

    @property
    def busy(self) -> bool:
        return any(connector.transaction is not None for connector in self.connectors.values())

    def _watch_charging_state(self, connector: Connector) -> None:
        transaction = connector.transaction
        if transaction is None:
            return
        state = CHARGING_STATE.get(connector.status(), "EVConnected")
        if transaction.charging_state and transaction.charging_state != state:
            transaction.charging_state = state
            self._event(connector, transaction, "Updated", "ChargingStateChanged")

    # Status

    def announce_status(self, connector: Connector) -> None:
        status = CONNECTOR_STATUS.get(connector.status(), "Occupied")
        if self._shown.get(connector.id) != status:
            self.tell_status(connector, status)

    def tell_status(self, connector: Connector, status: str | None = None) -> None:
        shown = status or CONNECTOR_STATUS.get(connector.status(), "Occupied")
        self._shown[connector.id] = shown
        now = self.clock.text(self.clock.now())
        self.say(
            call.StatusNotification(
                timestamp=now, connector_status=shown, evse_id=connector.id, connector_id=1
            )
        )

    # Transactions

    def announce_started(self, connector: Connector, transaction: Transaction) -> None:
        transaction.charging_state = "EVConnected"
        remote = transaction.remote_start_id is not None

        def answered(answer: Any) -> None:
            info = getattr(answer, "id_token_info", None)
            if info is None:
                return
            known = token_info(info)
            self.whitelist.remember(transaction.id_tag, known)
            if known.status != "Accepted":
                self.deny(connector, transaction)

        values = self._values(connector.reading(transaction.started_at), "Transaction.Begin")
        trigger = "RemoteStart" if remote else "Authorized"
        self._event(connector, transaction, "Started", trigger, values=values, answered=answered)

    def announce_sample(self, connector: Connector, context: str) -> None:
        aligned = context == "Sample.Clock"
        names = self.settings.aligned if aligned else self.settings.sampled
        values = self._values(connector.reading(self.clock.now()), context, names)
        if not values:
            return
        if connector.transaction is None:
            self.say(call.MeterValues(evse_id=connector.id, meter_value=values))
            return
        trigger = SAMPLE_TRIGGERS[context]
        self._event(connector, connector.transaction, "Updated", trigger, values=values)

    def announce_stopped(
        self, connector: Connector, transaction: Transaction, *, reason: str, id_tag: str | None
    ) -> None:
        stopped, trigger = ENDS.get(reason, ("Other", "AbnormalCondition"))
        reading = connector.reading(self.clock.now())
        transaction.charging_state = "EVConnected" if connector.car is not None else "Idle"
        self._event(
            connector,
            transaction,
            "Ended",
            trigger,
            values=self._values(reading, "Transaction.End"),
            stopped=stopped,
            id_tag=id_tag,
        )

    def _event(
        self,
        connector: Connector,
        transaction: Transaction,
        kind: str,
        trigger: str,
        *,
        values: list[dict[str, Any]] | None = None,
        stopped: str | None = None,
        id_tag: str | None = None,
        answered: Any = None,
    ) -> None:
        first = kind == "Started"
        tag = transaction.id_tag if first else id_tag
        info = {
            "transaction_id": transaction.ref,
            "charging_state": transaction.charging_state,
            "stopped_reason": stopped,
            "remote_start_id": transaction.remote_start_id if first else None,
        }
        request = call.TransactionEvent(
            event_type=kind,
            timestamp=self.clock.text(self.clock.now()),
            trigger_reason=trigger,
            seq_no=transaction.next_seq_no(),
            transaction_info={name: value for name, value in info.items() if value is not None},
            meter_value=values or None,
            offline=not self.online,
            evse={"id": connector.id, "connector_id": 1} if first else None,
            id_token=id_token(tag) if tag is not None else None,
            reservation_id=transaction.reservation_id if first else None,
        )
        queued = {"Started": "start", "Ended": "stop"}.get(kind, "meter" if values else "state")
        self.talker.queue(Queued(queued, lambda: request, answered))

    def _values(
        self, reading: Reading, context: str, names: tuple[str, ...] | None = None
    ) -> list[dict[str, Any]]:
        wanted = names if names is not None else ("Energy.Active.Import.Register",)
        found = [_sampled_value(one, context) for one in samples(reading, wanted, self.faults.meter)]
        return [{"timestamp": self.clock.text(reading.at), "sampled_value": found}] if found else []

    def remember_profile(self, profile_id: int, data: dict[str, Any]) -> None:
        installed = {slot.profile.id for slot in self.profiles.slots}
        self.known_profiles = {n: one for n, one in self.known_profiles.items() if n in installed}
        self.known_profiles[profile_id] = data

    # News of its own

    def ask_for_certificate(self) -> None:
        request = self.trust.signing_request(common_name=self.spec.id, organisation=self.spec.vendor)
        self.say(call.SignCertificate(csr=request, certificate_type="ChargingStationCertificate"))

    def local_limit(self, limit_ma: int | None, *, source: str = "EMS") -> None:
        """An outside system limits the whole station, or (None) no longer does. Report it."""
        self.profiles.limit_locally(limit_ma)
        self.touch()
        if limit_ma is None:
            self.say(call.ClearedChargingLimit(charging_limit_source=source))
        else:
            limit = {"charging_limit_source": source, "is_grid_critical": False}
            self.say(call.NotifyChargingLimit(charging_limit=limit))

    async def tell_charging_needs(self, connector_id: int, *, energy_wh: int) -> str:
        """A car that speaks ISO 15118 says what it wants; the status of the answer."""
        connector = self.connector(connector_id)
        car = connector.car
        if car is None:
            raise ValueError(f"{self.spec.id}: no car at connector {connector_id}")
        needs = {
            "requested_energy_transfer": "AC_three_phase" if car.phases == 3 else "AC_single_phase",
            "ac_charging_parameters": {
                "energy_amount": energy_wh,
                "ev_min_current": car.min_ma // 1000,
                "ev_max_current": car.max_ma // 1000,
                "ev_max_voltage": round(connector.voltage_v),
            },
        }
        answer = await self.call(call.NotifyEVChargingNeeds(evse_id=connector_id, charging_needs=needs))
        return str(answer.status)

    def tell_event(self, component: str, variable: str, value: str) -> None:
        """NotifyEvent: a monitored variable did something."""
        now = self.clock.text(self.clock.now())
        self._event_seq_no += 1
        event = {
            "event_id": self._event_seq_no,
            "timestamp": now,
            "trigger": "Alerting",
            "actual_value": value,
            "event_notification_type": "HardWiredNotification",
            "component": {"name": component},
            "variable": {"name": variable},
        }
        self.say(call.NotifyEvent(generated_at=now, seq_no=0, event_data=[event]))


def id_token(tag: str) -> dict[str, str]:
    return {"id_token": tag, "type": "ISO14443"}


def token_info(data: dict[str, Any]) -> TagInfo:
    expiry = data.get("cache_expiry_date_time")
    group = data.get("group_id_token")
    return TagInfo(
        status=data["status"],
        expires_at=None if expiry is None else parse_time(expiry),
        parent=group["id_token"] if group else None,
    )


def _sampled_value(sample: Sample, context: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "value": round(sample.value, sample.digits),
        "context": context,
        "measurand": sample.measurand,
        "unit_of_measure": {"unit": sample.unit},
    }
    if sample.phase is not None:
        shown["phase"] = sample.phase
    return shown
