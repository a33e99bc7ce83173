from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ocpp.v16 import call, call_result
from ocpp.v16.enums import Action

from chargers.simulator import remote
from chargers.simulator.clock import parse_time
from chargers.simulator.inbound import handles
from chargers.simulator.plant.connector import Reservation
from chargers.simulator.trust import signature_is_plausible
from chargers.simulator.whitelist import TagInfo

if TYPE_CHECKING:
    from chargers.simulator.v16.charge_point import ChargePoint

MAX_LISTED = 500


class UpkeepV16:
    """The rest of what a 1.6 server may ask: triggers, local list, reservations, firmware, logs, certificates."""

    station: ChargePoint

    # Remote trigger

    @handles(Action.trigger_message)
    def on_trigger_message(
        self, requested_message: str, connector_id: int | None = None
    ) -> call_result.TriggerMessage:
        return call_result.TriggerMessage(status=self._trigger(requested_message, connector_id))

    @handles(Action.extended_trigger_message)
    def on_extended_trigger_message(
        self, requested_message: str, connector_id: int | None = None
    ) -> call_result.ExtendedTriggerMessage:
        return call_result.ExtendedTriggerMessage(status=self._trigger(requested_message, connector_id))

    def _trigger(self, wanted: str, connector_id: int | None) -> str:
        station = self.station
        if connector_id is not None and connector_id not in station.connectors:
            return "Rejected"
        numbers = [connector_id] if connector_id is not None else list(station.connectors)
        match wanted:
            case "StatusNotification":
                for number in numbers:
                    station.announce_status(station.connectors[number])
            case "MeterValues":
                for number in numbers:
                    station.announce_sample(station.connectors[number], "Trigger")
            case _:
                return self._trigger_station(wanted)
        return "Accepted"

    def _trigger_station(self, wanted: str) -> str:
        station = self.station
        match wanted:
            case "BootNotification":
                station.spawn(self._boot_again())
            case "Heartbeat":
                station.spawn(station.beat())
            case "FirmwareStatusNotification":
                station.say(call.FirmwareStatusNotification(status=station.firmware_status))
            case "DiagnosticsStatusNotification":
                station.say(call.DiagnosticsStatusNotification(status=station.diagnostics_status))
            case "LogStatusNotification":
                status, request_id = station.log_status
                station.say(call.LogStatusNotification(status=status, request_id=request_id))
            case "SignChargePointCertificate":
                station.ask_for_certificate()
            case _:
                return "NotImplemented"
        return "Accepted"

    async def _boot_again(self) -> None:
        await self.station.boot_once()

    # Local list

    @handles(Action.get_local_list_version)
    def on_get_local_list_version(self) -> call_result.GetLocalListVersion:
        version = self.station.whitelist.version if self.station.settings.local_list_enabled else -1
        return call_result.GetLocalListVersion(list_version=version)

    @handles(Action.send_local_list)
    def on_send_local_list(
        self,
        list_version: int,
        update_type: str,
        local_authorization_list: list[dict[str, Any]] | None = None,
    ) -> call_result.SendLocalList:
        whitelist = self.station.whitelist
        entries = {
            entry["id_tag"]: _listed(entry.get("id_tag_info")) for entry in local_authorization_list or []
        }
        if not self.station.settings.local_list_enabled:
            return call_result.SendLocalList(status="NotSupported")
        if len(entries) > MAX_LISTED:
            return call_result.SendLocalList(status="Failed")
        if update_type == "Full":
            known = {tag: info for tag, info in entries.items() if info is not None}
            if len(known) != len(local_authorization_list or []):
                return call_result.SendLocalList(status="Failed")
            whitelist.replace(known, version=list_version)
        elif list_version <= whitelist.version:
            return call_result.SendLocalList(status="VersionMismatch")
        else:
            whitelist.update(entries, version=list_version)
        return call_result.SendLocalList(status="Accepted")

    # Reservations

    @handles(Action.reserve_now)
    def on_reserve_now(
        self,
        connector_id: int,
        expiry_date: str,
        id_tag: str,
        reservation_id: int,
        parent_id_tag: str | None = None,
    ) -> call_result.ReserveNow:
        try:
            reservation = Reservation(reservation_id, id_tag, parse_time(expiry_date), parent_id_tag)
        except ValueError:
            return call_result.ReserveNow(status="Rejected")
        return call_result.ReserveNow(status=remote.reserve(self.station, connector_id, reservation))

    @handles(Action.cancel_reservation)
    def on_cancel_reservation(self, reservation_id: int) -> call_result.CancelReservation:
        cancelled = remote.cancel_reservation(self.station, reservation_id)
        return call_result.CancelReservation(status="Accepted" if cancelled else "Rejected")

    # Firmware and logs; nothing is really downloaded or uploaded

    @handles(Action.update_firmware)
    def on_update_firmware(self, location: str, retrieve_date: str, **_: Any) -> call_result.UpdateFirmware:
        self.station.spawn(self._update_firmware())
        return call_result.UpdateFirmware()

    async def _update_firmware(self) -> None:
        for status in ("Downloading", "Downloaded", "Installing", "Installed"):
            self.station.firmware_status = status
            self.station.say(call.FirmwareStatusNotification(status=status))
            await asyncio.sleep(self.station.settings.upkeep_step_s)
        self.station.firmware_status = "Idle"

    @handles(Action.signed_update_firmware)
    def on_signed_update_firmware(
        self, request_id: int, firmware: dict[str, Any], **_: Any
    ) -> call_result.SignedUpdateFirmware:
        if "BEGIN CERTIFICATE" not in firmware["signing_certificate"]:
            return call_result.SignedUpdateFirmware(status="InvalidCertificate")
        genuine = signature_is_plausible(firmware["signature"])
        self.station.spawn(self._update_signed(request_id, genuine=genuine))
        return call_result.SignedUpdateFirmware(status="Accepted")

    async def _update_signed(self, request_id: int, *, genuine: bool) -> None:
        checked = ("SignatureVerified", "Installing", "Installed") if genuine else ("InvalidSignature",)
        for status in ("Downloading", "Downloaded", *checked):
            self.station.say(call.SignedFirmwareStatusNotification(status=status, request_id=request_id))
            await asyncio.sleep(self.station.settings.upkeep_step_s)

    @handles(Action.get_diagnostics)
    def on_get_diagnostics(self, location: str, **_: Any) -> call_result.GetDiagnostics:
        self.station.spawn(self._upload_diagnostics())
        return call_result.GetDiagnostics(file_name=f"{self.station.spec.id}.log")

    async def _upload_diagnostics(self) -> None:
        for status in ("Uploading", "Uploaded"):
            self.station.diagnostics_status = status
            self.station.say(call.DiagnosticsStatusNotification(status=status))
            await asyncio.sleep(self.station.settings.upkeep_step_s)
        self.station.diagnostics_status = "Idle"

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

    # Certificates

    @handles(Action.certificate_signed)
    def on_certificate_signed(self, certificate_chain: str) -> call_result.CertificateSigned:
        status = self.station.trust.accept_chain(certificate_chain)
        if status == "Rejected":
            self.station.security_event("InvalidChargePointCertificate")
        return call_result.CertificateSigned(status=status)

    @handles(Action.install_certificate)
    def on_install_certificate(
        self, certificate_type: str, certificate: str
    ) -> call_result.InstallCertificate:
        status = self.station.trust.install(certificate_type, certificate)
        return call_result.InstallCertificate(status=status)

    @handles(Action.get_installed_certificate_ids)
    def on_get_installed_certificate_ids(
        self, certificate_type: str
    ) -> call_result.GetInstalledCertificateIds:
        found = self.station.trust.installed(certificate_type)
        return call_result.GetInstalledCertificateIds(
            status="Accepted" if found else "NotFound", certificate_hash_data=found or None
        )

    @handles(Action.delete_certificate)
    def on_delete_certificate(self, certificate_hash_data: dict[str, Any]) -> call_result.DeleteCertificate:
        return call_result.DeleteCertificate(status=self.station.trust.delete(certificate_hash_data))


def _listed(info: dict[str, Any] | None) -> TagInfo | None:
    if info is None:
        return None
    expiry = info.get("expiry_date")
    return TagInfo(
        status=info["status"],
        expires_at=None if expiry is None else parse_time(expiry),
        parent=info.get("parent_id_tag"),
    )
