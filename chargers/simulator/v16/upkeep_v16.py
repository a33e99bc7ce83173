from __future__ import annotations

from typing import Any, ClassVar

from ocpp.v16 import call, call_result
from ocpp.v16.enums import Action

from chargers.simulator import remote
from chargers.simulator.inbound import handles
from chargers.simulator.upkeep import Names, Upkeep
from chargers.simulator.v16.station_v16 import StationV16, tag_info
from chargers.simulator.whitelist import TagInfo


class UpkeepV16(Upkeep):
    """1.6's own shape of upkeep: the extended trigger, unsigned firmware, diagnostics, reservations."""

    station: StationV16
    answers: ClassVar[Any] = call_result
    names: ClassVar[Names] = Names(
        list_version="list_version",
        version_when_off=-1,
        refusal_when_off="NotSupported",
        certificate_trigger="SignChargePointCertificate",
        bad_certificate="InvalidChargePointCertificate",
    )

    def read_listed(self, entry: dict[str, Any]) -> tuple[str, TagInfo | None]:
        info = entry.get("id_tag_info")
        return entry["id_tag"], None if info is None else tag_info(info)

    # Remote trigger

    @handles(Action.trigger_message)
    def on_trigger_message(
        self, requested_message: str, connector_id: int | None = None
    ) -> call_result.TriggerMessage:
        return call_result.TriggerMessage(status=self.trigger(requested_message, connector_id))

    @handles(Action.extended_trigger_message)
    def on_extended_trigger_message(
        self, requested_message: str, connector_id: int | None = None
    ) -> call_result.ExtendedTriggerMessage:
        return call_result.ExtendedTriggerMessage(status=self.trigger(requested_message, connector_id))

    def trigger_station(self, wanted: str) -> str:
        if wanted != "DiagnosticsStatusNotification":
            return super().trigger_station(wanted)
        self.station.say(call.DiagnosticsStatusNotification(status=self.station.diagnostics_status))
        return "Accepted"

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
        status = remote.reserve(
            self.station,
            connector_id,
            reservation_id=reservation_id,
            id_tag=id_tag,
            expires=expiry_date,
            parent_id_tag=parent_id_tag,
        )
        return call_result.ReserveNow(status=status)

    # Firmware and diagnostics; nothing is really downloaded or uploaded

    @handles(Action.update_firmware)
    def on_update_firmware(self, location: str, retrieve_date: str, **_: Any) -> call_result.UpdateFirmware:
        self.station.spawn(self._update_firmware())
        return call_result.UpdateFirmware()

    async def _update_firmware(self) -> None:
        station = self.station

        def tell(status: str) -> None:
            station.firmware_status = status
            station.say(call.FirmwareStatusNotification(status=status))

        await self.tell_steps(("Downloading", "Downloaded", "Installing", "Installed"), tell)
        station.firmware_status = "Idle"

    @handles(Action.signed_update_firmware)
    def on_signed_update_firmware(
        self, request_id: int, firmware: dict[str, Any], **_: Any
    ) -> call_result.SignedUpdateFirmware:
        def tell(status: str) -> None:
            self.station.say(call.SignedFirmwareStatusNotification(status=status, request_id=request_id))

        return call_result.SignedUpdateFirmware(status=self.begin_checked_update(firmware, tell))

    @handles(Action.get_diagnostics)
    def on_get_diagnostics(self, location: str, **_: Any) -> call_result.GetDiagnostics:
        self.station.spawn(self._upload_diagnostics())
        return call_result.GetDiagnostics(file_name=f"{self.station.spec.id}.log")

    async def _upload_diagnostics(self) -> None:
        station = self.station

        def tell(status: str) -> None:
            station.diagnostics_status = status
            station.say(call.DiagnosticsStatusNotification(status=status))

        await self.tell_steps(("Uploading", "Uploaded"), tell)
        station.diagnostics_status = "Idle"

    # Certificates

    @handles(Action.get_installed_certificate_ids)
    def on_get_installed_certificate_ids(
        self, certificate_type: str
    ) -> call_result.GetInstalledCertificateIds:
        found = self.station.trust.installed(certificate_type)
        return call_result.GetInstalledCertificateIds(
            status="Accepted" if found else "NotFound", certificate_hash_data=found or None
        )
