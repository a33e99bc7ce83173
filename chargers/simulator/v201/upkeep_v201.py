from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ocpp.v201 import call, call_result
from ocpp.v201.enums import Action

from chargers.simulator import remote
from chargers.simulator.clock import parse_time
from chargers.simulator.inbound import handles
from chargers.simulator.plant.connector import Reservation
from chargers.simulator.trust import signature_is_plausible
from chargers.simulator.whitelist import TagInfo

if TYPE_CHECKING:
    from chargers.simulator.v201.charge_point_v201 import ChargePointV201


class UpkeepV201:
    """The rest of what a 2.0.1 server may ask: triggers, lists, reservations, firmware, logs, certificates,
    display messages, costs and monitoring."""

    station: ChargePointV201

    # Triggers

    @handles(Action.trigger_message)
    def on_trigger_message(
        self, requested_message: str, evse: dict[str, Any] | None = None, **_: Any
    ) -> call_result.TriggerMessage:
        station = self.station
        if evse is not None and evse["id"] not in station.connectors:
            return call_result.TriggerMessage(status="Rejected")
        numbers = [evse["id"]] if evse else list(station.connectors)
        connectors = [station.connectors[number] for number in numbers]
        match requested_message:
            case "StatusNotification":
                for connector in connectors:
                    station.tell_status(connector)
            case "MeterValues" | "TransactionEvent":
                for connector in connectors:
                    station.announce_sample(connector, "Trigger")
            case _:
                return call_result.TriggerMessage(status=self._trigger_station(requested_message))
        return call_result.TriggerMessage(status="Accepted")

    def _trigger_station(self, wanted: str) -> str:
        station = self.station
        status, request_id = station.log_status
        match wanted:
            case "BootNotification":
                station.spawn(self._boot_again())
            case "Heartbeat":
                station.spawn(station.beat())
            case "FirmwareStatusNotification":
                station.say(call.FirmwareStatusNotification(status=station.firmware_status))
            case "LogStatusNotification":
                station.say(
                    call.LogStatusNotification(
                        status=status, request_id=request_id if status != "Idle" else None
                    )
                )
            case "SignChargingStationCertificate":
                station.ask_for_certificate()
            case _:
                return "NotImplemented"
        return "Accepted"

    async def _boot_again(self) -> None:
        await self.station.boot_once()

    # Authorization

    @handles(Action.clear_cache)
    def on_clear_cache(self, **_: Any) -> call_result.ClearCache:
        self.station.whitelist.cached.clear()
        return call_result.ClearCache(status="Accepted")

    @handles(Action.get_local_list_version)
    def on_get_local_list_version(self, **_: Any) -> call_result.GetLocalListVersion:
        return call_result.GetLocalListVersion(version_number=self.station.whitelist.version)

    @handles(Action.send_local_list)
    def on_send_local_list(
        self,
        version_number: int,
        update_type: str,
        local_authorization_list: list[dict[str, Any]] | None = None,
        **_: Any,
    ) -> call_result.SendLocalList:
        whitelist = self.station.whitelist
        entries = {
            entry["id_token"]["id_token"]: _listed(entry.get("id_token_info"))
            for entry in local_authorization_list or []
        }
        if update_type == "Full":
            known = {tag: info for tag, info in entries.items() if info is not None}
            whitelist.replace(known, version=version_number)
        elif version_number <= whitelist.version:
            return call_result.SendLocalList(status="VersionMismatch")
        else:
            whitelist.update(entries, version=version_number)
        return call_result.SendLocalList(status="Accepted")

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
        try:
            reservation = Reservation(id, id_token["id_token"], parse_time(expiry_date_time))
        except ValueError:
            return call_result.ReserveNow(status="Rejected")
        return call_result.ReserveNow(status=remote.reserve(self.station, number, reservation))

    @handles(Action.cancel_reservation)
    def on_cancel_reservation(self, reservation_id: int, **_: Any) -> call_result.CancelReservation:
        cancelled = remote.cancel_reservation(self.station, reservation_id)
        return call_result.CancelReservation(status="Accepted" if cancelled else "Rejected")

    # Firmware and logs; nothing is really downloaded or uploaded

    @handles(Action.update_firmware)
    def on_update_firmware(
        self, request_id: int, firmware: dict[str, Any], **_: Any
    ) -> call_result.UpdateFirmware:
        certificate = firmware.get("signing_certificate")
        if certificate is not None and "BEGIN CERTIFICATE" not in certificate:
            return call_result.UpdateFirmware(status="InvalidCertificate")
        genuine = "signature" not in firmware or signature_is_plausible(firmware["signature"])
        self.station.spawn(self._update_firmware(request_id, genuine=genuine))
        return call_result.UpdateFirmware(status="Accepted")

    async def _update_firmware(self, request_id: int, *, genuine: bool) -> None:
        checked = ("SignatureVerified", "Installing", "Installed") if genuine else ("InvalidSignature",)
        for status in ("Downloading", "Downloaded", *checked):
            self.station.say(call.FirmwareStatusNotification(status=status, request_id=request_id))
            await asyncio.sleep(self.station.settings.upkeep_step_s)

    @handles(Action.get_log)
    def on_get_log(self, log_type: str, request_id: int, **_: Any) -> call_result.GetLog:
        self.station.spawn(self._upload_log(request_id))
        return call_result.GetLog(status="Accepted", filename=f"{self.station.spec.id}-{log_type}.log")

    async def _upload_log(self, request_id: int) -> None:
        for status in ("Uploading", "Uploaded"):
            self.station.log_status = (status, request_id)
            self.station.say(call.LogStatusNotification(status=status, request_id=request_id))
            await asyncio.sleep(self.station.settings.upkeep_step_s)
        self.station.log_status = ("Idle", request_id)

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

    @handles(Action.data_transfer)
    def on_data_transfer(self, vendor_id: str, data: Any = None, **_: Any) -> call_result.DataTransfer:
        if vendor_id != self.station.spec.vendor:
            return call_result.DataTransfer(status="UnknownVendorId")
        return call_result.DataTransfer(status="Accepted", data=data)

    # Certificates

    @handles(Action.certificate_signed)
    def on_certificate_signed(self, certificate_chain: str, **_: Any) -> call_result.CertificateSigned:
        status = self.station.trust.accept_chain(certificate_chain)
        if status == "Rejected":
            self.station.security_event("InvalidChargingStationCertificate")
        return call_result.CertificateSigned(status=status)

    @handles(Action.install_certificate)
    def on_install_certificate(
        self, certificate_type: str, certificate: str, **_: Any
    ) -> call_result.InstallCertificate:
        return call_result.InstallCertificate(
            status=self.station.trust.install(certificate_type, certificate)
        )

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

    @handles(Action.delete_certificate)
    def on_delete_certificate(
        self, certificate_hash_data: dict[str, Any], **_: Any
    ) -> call_result.DeleteCertificate:
        return call_result.DeleteCertificate(status=self.station.trust.delete(certificate_hash_data))

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


def _listed(info: dict[str, Any] | None) -> TagInfo | None:
    return None if info is None else TagInfo(status=info["status"])
