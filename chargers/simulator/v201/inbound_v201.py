from __future__ import annotations

from typing import Any

from ocpp.v201 import ChargePoint as PackageChargePoint
from ocpp.v201 import call, call_result
from ocpp.v201.enums import Action

from chargers.simulator import remote
from chargers.simulator.inbound import FRAMES, Answering, handles
from chargers.simulator.link import Wire
from chargers.simulator.profiles import ProfileError, Slot
from chargers.simulator.v201.station_v201 import StationV201
from chargers.simulator.v201.upkeep_v201 import UpkeepV201

WIRE_PURPOSES = {
    "StationMax": "ChargingStationMaxProfile",
    "External": "ChargingStationExternalConstraints",
    "TxDefault": "TxDefaultProfile",
    "Tx": "TxProfile",
}


class InboundV201(Answering, UpkeepV201, PackageChargePoint):  # type: ignore[misc]
    """What the server may ask of a 2.0.1 station: provisioning, remote control and smart charging."""

    version = "2.0.1"
    known_actions = frozenset(Action)

    def __init__(self, station: StationV201, wire: Wire) -> None:
        super().__init__(
            station.spec.id, wire, response_timeout=station.settings.call_timeout_s, logger=FRAMES
        )
        self.station: StationV201 = station

    # Remote control

    @handles(Action.request_start_transaction)
    def on_request_start_transaction(
        self,
        id_token: dict[str, Any],
        remote_start_id: int,
        evse_id: int | None = None,
        charging_profile: dict[str, Any] | None = None,
        **_: Any,
    ) -> call_result.RequestStartTransaction:
        started = remote.start(
            self.station,
            id_token["id_token"],
            connector_id=evse_id,
            profile_data=charging_profile,
            remote_start_id=remote_start_id,
        )
        return call_result.RequestStartTransaction(status="Accepted" if started else "Rejected")

    @handles(Action.request_stop_transaction)
    def on_request_stop_transaction(
        self, transaction_id: str, **_: Any
    ) -> call_result.RequestStopTransaction:
        stopped = remote.stop(self.station, transaction_id)
        return call_result.RequestStopTransaction(status="Accepted" if stopped else "Rejected")

    @handles(Action.get_transaction_status)
    def on_get_transaction_status(
        self, transaction_id: str | None = None, **_: Any
    ) -> call_result.GetTransactionStatus:
        queued = bool(self.station.talker.outbox)
        if transaction_id is None:
            return call_result.GetTransactionStatus(messages_in_queue=queued)
        running = any(
            connector.transaction is not None and connector.transaction.ref == transaction_id
            for connector in self.station.connectors.values()
        )
        return call_result.GetTransactionStatus(ongoing_indicator=running, messages_in_queue=queued)

    @handles(Action.change_availability)
    def on_change_availability(
        self, operational_status: str, evse: dict[str, Any] | None = None, **_: Any
    ) -> call_result.ChangeAvailability:
        number = evse["id"] if evse else 0
        status = remote.change_availability(self.station, number, operative=operational_status == "Operative")
        return call_result.ChangeAvailability(status=status)

    @handles(Action.reset)
    def on_reset(self, type: str, evse_id: int | None = None, **_: Any) -> call_result.Reset:  # noqa: A002
        if evse_id is not None:  # one EVSE alone cannot be reset here
            return call_result.Reset(status="Rejected")
        if type == "OnIdle" and self.station.busy:
            self.station.resets_when_idle = True
            return call_result.Reset(status="Scheduled")
        self.station.spawn(self.station.reboot(reason="SoftReset"))
        return call_result.Reset(status="Accepted")

    @handles(Action.unlock_connector)
    def on_unlock_connector(self, evse_id: int, connector_id: int, **_: Any) -> call_result.UnlockConnector:
        connector = self.station.connectors.get(evse_id)
        if connector is None or connector_id != 1:
            return call_result.UnlockConnector(status="UnknownConnector")
        if connector.transaction is not None:
            return call_result.UnlockConnector(status="OngoingAuthorizedTransaction")
        return call_result.UnlockConnector(status="Unlocked")

    # Device model

    @handles(Action.get_variables)
    def on_get_variables(self, get_variable_data: list[dict[str, Any]], **_: Any) -> call_result.GetVariables:
        model = self.station.device_model
        return call_result.GetVariables([model.get(one) for one in get_variable_data])

    @handles(Action.set_variables)
    def on_set_variables(self, set_variable_data: list[dict[str, Any]], **_: Any) -> call_result.SetVariables:
        model = self.station.device_model
        return call_result.SetVariables([model.set(one) for one in set_variable_data])

    @handles(Action.get_base_report)
    def on_get_base_report(self, request_id: int, report_base: str, **_: Any) -> call_result.GetBaseReport:
        model = self.station.device_model
        wanted = model.variables
        if report_base == "ConfigurationInventory":
            wanted = [one for one in wanted if one.mutability != "ReadOnly"]
        if report_base == "SummaryInventory":
            wanted = [one for one in wanted if one.name == "Available"]
        self._report(request_id, model.report(wanted))
        return call_result.GetBaseReport(status="Accepted")

    @handles(Action.get_report)
    def on_get_report(
        self,
        request_id: int,
        component_variable: list[dict[str, Any]] | None = None,
        component_criteria: list[str] | None = None,
        **_: Any,
    ) -> call_result.GetReport:
        model = self.station.device_model
        wanted = model.variables
        if component_variable:
            wanted = [one for one in wanted if any(_asked(one, entry) for entry in component_variable)]
        if component_criteria and "Problem" in component_criteria and len(component_criteria) == 1:
            wanted = []
        if not wanted:
            return call_result.GetReport(status="EmptyResultSet")
        self._report(request_id, model.report(wanted))
        return call_result.GetReport(status="Accepted")

    def _report(self, request_id: int, entries: list[dict[str, Any]], per_message: int = 10) -> None:
        station = self.station
        for seq_no, first in enumerate(range(0, len(entries), per_message)):
            station.say(
                call.NotifyReport(
                    request_id=request_id,
                    generated_at=station.clock.text(station.clock.now()),
                    seq_no=seq_no,
                    report_data=entries[first : first + per_message],
                    tbc=first + per_message < len(entries),
                )
            )

    # Smart charging

    @handles(Action.set_charging_profile)
    def on_set_charging_profile(
        self, evse_id: int, charging_profile: dict[str, Any], **_: Any
    ) -> call_result.SetChargingProfile:
        answer = self.station.faults.profile_answer
        if answer:
            # 2.0.1 has no NotSupported here.
            return call_result.SetChargingProfile(status="Rejected", status_info={"reason_code": answer})
        try:
            profile = remote.install_profile(self.station, evse_id, charging_profile)
        except ProfileError as error:
            refusal = {"reason_code": str(error)[:20]}
            return call_result.SetChargingProfile(status="Rejected", status_info=refusal)
        self.station.remember_profile(profile.id, charging_profile)
        return call_result.SetChargingProfile(status="Accepted")

    @handles(Action.clear_charging_profile)
    def on_clear_charging_profile(
        self,
        charging_profile_id: int | None = None,
        charging_profile_criteria: dict[str, Any] | None = None,
        **_: Any,
    ) -> call_result.ClearChargingProfile:
        criteria = charging_profile_criteria or {}
        named = {"profile_id": charging_profile_id, "connector_id": criteria.get("evse_id")}
        gone = remote.clear_profiles(self.station, {**criteria, **named})
        return call_result.ClearChargingProfile(status="Accepted" if gone else "Unknown")

    @handles(Action.get_charging_profiles)
    def on_get_charging_profiles(
        self, request_id: int, charging_profile: dict[str, Any], evse_id: int | None = None, **_: Any
    ) -> call_result.GetChargingProfiles:
        sources = charging_profile.get("charging_limit_source")
        found = [
            slot
            for slot in self.station.profiles.slots
            if evse_id in (None, slot.connector_id)
            and _meets(slot, charging_profile)
            and (sources is None or "CSO" in sources)
        ]
        if not found:
            return call_result.GetChargingProfiles(status="NoProfiles")
        evses = sorted({slot.connector_id for slot in found})
        for number in evses:
            self.station.say(
                call.ReportChargingProfiles(
                    request_id=request_id,
                    charging_limit_source="CSO",
                    charging_profile=[
                        self.station.known_profiles[slot.profile.id]
                        for slot in found
                        if slot.connector_id == number
                    ],
                    evse_id=number,
                    tbc=number != evses[-1],
                )
            )
        return call_result.GetChargingProfiles(status="Accepted")

    @handles(Action.get_composite_schedule)
    def on_get_composite_schedule(
        self, duration: int, evse_id: int, charging_rate_unit: str | None = None, **_: Any
    ) -> call_result.GetCompositeSchedule:
        schedule = remote.compose_schedule(
            self.station, evse_id, duration_s=duration, unit=charging_rate_unit
        )
        if schedule is None:
            return call_result.GetCompositeSchedule(status="Rejected")
        start = self.station.clock.text(self.station.clock.now())
        return call_result.GetCompositeSchedule(
            status="Accepted", schedule={**schedule, "evse_id": evse_id, "schedule_start": start}
        )


def _asked(variable: Any, entry: dict[str, Any]) -> bool:
    component, wanted = entry["component"], entry.get("variable")
    if variable.component.casefold() != component["name"].casefold():
        return False
    return wanted is None or variable.name.casefold() == wanted["name"].casefold()


def _meets(slot: Slot, criterion: dict[str, Any]) -> bool:
    ids = criterion.get("charging_profile_id")
    purpose = criterion.get("charging_profile_purpose")
    level = criterion.get("stack_level")
    return (
        (not ids or slot.profile.id in ids)
        and purpose in (None, WIRE_PURPOSES[slot.profile.purpose])
        and level in (None, slot.profile.stack_level)
    )
