from __future__ import annotations

from typing import Any, ClassVar

from ocpp.v201 import call, call_result
from ocpp.v201.enums import Action

from chargers.simulator import remote
from chargers.simulator.inbound import handles
from chargers.simulator.upkeep import Names, Upkeep
from chargers.simulator.v201.station_v201 import StationV201, token_info
from chargers.simulator.whitelist import TagInfo


class UpkeepV201(Upkeep):
    """2.0.1's own shape of upkeep, and what it has alone: customers, display messages, costs and monitoring."""

    station: StationV201
    answers: ClassVar[Any] = call_result
    names: ClassVar[Names] = Names(
        list_version="version_number",
        version_when_off=0,
        refusal_when_off="Failed",
        certificate_trigger="SignChargingStationCertificate",
        bad_certificate="InvalidChargingStationCertificate",
    )
    of_monitors: ClassVar[dict[str, str]] = {}  # what a later version tells of each monitor, too

    def read_listed(self, entry: dict[str, Any]) -> tuple[str, TagInfo | None]:
        info = entry.get("id_token_info")
        return entry["id_token"]["id_token"], None if info is None else token_info(info)

    # Triggers

    @handles(Action.trigger_message)
    def on_trigger_message(
        self, requested_message: str, evse: dict[str, Any] | None = None, **_: Any
    ) -> call_result.TriggerMessage:
        number = evse["id"] if evse else None
        return call_result.TriggerMessage(status=self.trigger(requested_message, number))

    # Reservations

    @handles(Action.reserve_now)
    def on_reserve_now(
        self,
        id: int,  # noqa: A002
        expiry_date_time: str,
        id_token: dict[str, Any],
        evse_id: int | None = None,
        **_: Any,
    ) -> call_result.ReserveNow:
        free = [c.id for c in self.station.connectors.values() if c.status() == "Available"]
        number = evse_id if evse_id is not None else next(iter(free), None)
        if number is None:
            return call_result.ReserveNow(status="Occupied")
        status = remote.reserve(
            self.station, number, reservation_id=id, id_tag=id_token["id_token"], expires=expiry_date_time
        )
        return call_result.ReserveNow(status=status)

    # Firmware and logs; nothing is really downloaded or uploaded

    @handles(Action.update_firmware)
    def on_update_firmware(
        self, request_id: int, firmware: dict[str, Any], **_: Any
    ) -> call_result.UpdateFirmware:
        def tell(status: str) -> None:
            self.station.say(call.FirmwareStatusNotification(status=status, request_id=request_id))

        return call_result.UpdateFirmware(status=self.begin_checked_update(firmware, tell))

    @handles(Action.customer_information)
    def on_customer_information(
        self,
        request_id: int,
        report: bool,  # noqa: FBT001
        clear: bool,  # noqa: FBT001
        **_: Any,
    ) -> call_result.CustomerInformation:
        if report:
            self.station.say(
                call.NotifyCustomerInformation(
                    data="nothing is kept about anybody",
                    seq_no=0,
                    generated_at=self.station.clock.text(self.station.clock.now()),
                    request_id=request_id,
                )
            )
        if clear:
            self.station.whitelist.cached.clear()
        return call_result.CustomerInformation(status="Accepted")

    # Certificates

    @handles(Action.get_installed_certificate_ids)
    def on_get_installed_certificate_ids(
        self, certificate_type: list[str] | None = None, **_: Any
    ) -> call_result.GetInstalledCertificateIds:
        trust = self.station.trust
        found = [
            {"certificate_type": use, "certificate_hash_data": hashes}
            for use in certificate_type or sorted(trust.roots)
            for hashes in trust.installed(use)
        ]
        return call_result.GetInstalledCertificateIds(
            status="Accepted" if found else "NotFound", certificate_hash_data_chain=found or None
        )

    # Display and costs

    @handles(Action.set_display_message)
    def on_set_display_message(self, message: dict[str, Any], **_: Any) -> call_result.SetDisplayMessage:
        self.station.messages[message["id"]] = message
        return call_result.SetDisplayMessage(status="Accepted")

    @handles(Action.get_display_messages)
    def on_get_display_messages(
        self,
        request_id: int,
        id: list[int] | None = None,  # noqa: A002
        priority: str | None = None,
        state: str | None = None,
        **_: Any,
    ) -> call_result.GetDisplayMessages:
        found = [
            message
            for number, message in sorted(self.station.messages.items())
            if (id is None or number in id)
            and priority in (None, message["priority"])
            and state in (None, message.get("state"))
        ]
        if not found:
            return call_result.GetDisplayMessages(status="Unknown")
        self.station.say(call.NotifyDisplayMessages(request_id=request_id, message_info=found, tbc=False))
        return call_result.GetDisplayMessages(status="Accepted")

    @handles(Action.clear_display_message)
    def on_clear_display_message(self, id: int, **_: Any) -> call_result.ClearDisplayMessage:  # noqa: A002
        known = self.station.messages.pop(id, None)
        return call_result.ClearDisplayMessage(status="Accepted" if known else "Unknown")

    @handles(Action.cost_updated)
    def on_cost_updated(self, total_cost: float, transaction_id: str, **_: Any) -> call_result.CostUpdated:
        self.station.costs[transaction_id] = total_cost
        return call_result.CostUpdated()

    # Monitoring

    @handles(Action.set_variable_monitoring)
    def on_set_variable_monitoring(
        self, set_monitoring_data: list[dict[str, Any]], **_: Any
    ) -> call_result.SetVariableMonitoring:
        model = self.station.device_model
        results = []
        for data in set_monitoring_data:
            answer = {name: data[name] for name in ("type", "severity", "component", "variable")}
            found = model.find(data["component"], data["variable"])
            if isinstance(found, str):
                results.append({**answer, "status": found})
                continue
            number = data.get("id") or max(model.monitors, default=0) + 1
            model.monitors[number] = {**data, "id": number}
            results.append({**answer, "id": number, "status": "Accepted"})
        return call_result.SetVariableMonitoring(set_monitoring_result=results)

    @handles(Action.clear_variable_monitoring)
    def on_clear_variable_monitoring(
        self,
        id: list[int],  # noqa: A002
        **_: Any,
    ) -> call_result.ClearVariableMonitoring:
        monitors = self.station.device_model.monitors
        return call_result.ClearVariableMonitoring(
            [
                {"id": number, "status": "Accepted" if monitors.pop(number, None) else "NotFound"}
                for number in id
            ]
        )

    @handles(Action.get_monitoring_report)
    def on_get_monitoring_report(self, request_id: int, **_: Any) -> call_result.GetMonitoringReport:
        monitors = self.station.device_model.monitors
        if not monitors:
            return call_result.GetMonitoringReport(status="EmptyResultSet")
        told = [
            {
                "component": data["component"],
                "variable": data["variable"],
                "variable_monitoring": [
                    {
                        "id": number,
                        "transaction": data.get("transaction", False),
                        "value": data["value"],
                        "type": data["type"],
                        "severity": data["severity"],
                        **self.of_monitors,
                    }
                ],
            }
            for number, data in sorted(monitors.items())
        ]
        now = self.station.clock.text(self.station.clock.now())
        self.station.say(
            call.NotifyMonitoringReport(request_id=request_id, seq_no=0, generated_at=now, monitor=told)
        )
        return call_result.GetMonitoringReport(status="Accepted")

    @handles(Action.set_monitoring_base)
    def on_set_monitoring_base(self, monitoring_base: str, **_: Any) -> call_result.SetMonitoringBase:
        return call_result.SetMonitoringBase(status="Accepted")

    @handles(Action.set_monitoring_level)
    def on_set_monitoring_level(self, severity: int, **_: Any) -> call_result.SetMonitoringLevel:
        return call_result.SetMonitoringLevel(status="Accepted" if 0 <= severity <= 9 else "Rejected")

    @handles(Action.set_network_profile)
    def on_set_network_profile(
        self, configuration_slot: int, connection_data: dict[str, Any], **_: Any
    ) -> call_result.SetNetworkProfile:
        return call_result.SetNetworkProfile(status="Accepted")
