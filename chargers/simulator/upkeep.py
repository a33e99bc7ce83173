"""What a server of any version may ask beside charging, handled once; a version adds its names and what it has alone."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from chargers.simulator import remote
from chargers.simulator.inbound import handles
from chargers.simulator.station import Station
from chargers.simulator.trust import signature_is_plausible
from chargers.simulator.whitelist import TagInfo

MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class Names:
    """What a version calls things that all versions have."""

    list_version: str
    version_when_off: int
    refusal_when_off: str
    certificate_trigger: str
    bad_certificate: str


class Upkeep(ABC):
    """Mixed into a version's inbound class, which has the package's answers of that version."""

    station: Station
    answers: ClassVar[Any]
    names: ClassVar[Names]

    @abstractmethod
    def read_listed(self, entry: dict[str, Any]) -> tuple[str, TagInfo | None]:
        """A tag of the local list, and what the list says of it; None takes it off."""

    # Triggers

    def trigger(self, wanted: str, number: int | None) -> str:
        """The status of TriggerMessage. Without a number all connectors are meant."""
        station = self.station
        if number is not None and number not in station.connectors:
            return "Rejected"
        connectors = [station.connectors[one] for one in ([number] if number else station.connectors)]
        match wanted:
            case "StatusNotification":
                for connector in connectors:
                    station.tell_status(connector)
            case "MeterValues" | "TransactionEvent":
                for connector in connectors:
                    station.announce_sample(connector, "Trigger")
            case _:
                return self.trigger_station(wanted)
        return "Accepted"

    def trigger_station(self, wanted: str) -> str:
        station = self.station
        if wanted == "BootNotification":
            station.spawn(self._boot_again())
        elif wanted == "Heartbeat":
            station.spawn(station.beat())
        elif wanted == "FirmwareStatusNotification":
            station.say(station.requests.FirmwareStatusNotification(status=station.firmware_status))
        elif wanted == "LogStatusNotification":
            status, number = station.log_status
            request_id = None if status == "Idle" else number
            station.say(station.requests.LogStatusNotification(status=status, request_id=request_id))
        elif wanted == self.names.certificate_trigger:
            station.ask_for_certificate()
        else:
            return "NotImplemented"
        return "Accepted"

    async def _boot_again(self) -> None:
        await self.station.boot_once()

    # Authorization

    @handles("ClearCache")
    def on_clear_cache(self, **_: Any) -> Any:
        self.station.whitelist.cached.clear()
        return self.answers.ClearCache(status="Accepted")

    @handles("GetLocalListVersion")
    def on_get_local_list_version(self, **_: Any) -> Any:
        is_on = self.station.settings.local_list_enabled
        version = self.station.whitelist.version if is_on else self.names.version_when_off
        return self.answers.GetLocalListVersion(**{self.names.list_version: version})

    @handles("SendLocalList")
    def on_send_local_list(
        self, update_type: str, local_authorization_list: list[dict[str, Any]] | None = None, **given: Any
    ) -> Any:
        entries = [self.read_listed(entry) for entry in local_authorization_list or []]
        version: int = given[self.names.list_version]
        return self.answers.SendLocalList(status=self._take_list(entries, update_type, version))

    def _take_list(self, entries: list[tuple[str, TagInfo | None]], update_type: str, version: int) -> str:
        whitelist = self.station.whitelist
        if not self.station.settings.local_list_enabled:
            return self.names.refusal_when_off
        if len(entries) > MAX_LISTED:
            return "Failed"
        if update_type == "Full":
            known = {tag: info for tag, info in entries if info is not None}
            if len(known) != len(entries):
                return "Failed"
            whitelist.replace(known, version=version)
        elif version <= whitelist.version:
            return "VersionMismatch"
        else:
            whitelist.update(dict(entries), version=version)
        return "Accepted"

    @handles("CancelReservation")
    def on_cancel_reservation(self, reservation_id: int, **_: Any) -> Any:
        cancelled = remote.cancel_reservation(self.station, reservation_id)
        return self.answers.CancelReservation(status="Accepted" if cancelled else "Rejected")

    # Firmware and logs; nothing is really downloaded or uploaded

    async def tell_steps(self, statuses: Iterable[str], tell: Callable[[str], None]) -> None:
        for status in statuses:
            tell(status)
            await asyncio.sleep(self.station.settings.upkeep_step_s)

    def begin_checked_update(self, firmware: dict[str, Any], tell: Callable[[str], None]) -> str:
        """The status of the answer. An update whose signature can't be one ends with the check."""
        certificate = firmware.get("signing_certificate")
        if certificate is not None and "BEGIN CERTIFICATE" not in certificate:
            return "InvalidCertificate"
        genuine = "signature" not in firmware or signature_is_plausible(firmware["signature"])
        checked = ("SignatureVerified", "Installing", "Installed") if genuine else ("InvalidSignature",)
        self.station.spawn(self.tell_steps(("Downloading", "Downloaded", *checked), tell))
        return "Accepted"

    @handles("GetLog")
    def on_get_log(self, log_type: str, request_id: int, **_: Any) -> Any:
        self.station.spawn(self._upload_log(request_id))
        return self.answers.GetLog(status="Accepted", filename=f"{self.station.spec.id}-{log_type}.log")

    async def _upload_log(self, request_id: int) -> None:
        station = self.station

        def tell(status: str) -> None:
            station.log_status = (status, request_id)
            station.say(station.requests.LogStatusNotification(status=status, request_id=request_id))

        await self.tell_steps(("Uploading", "Uploaded"), tell)
        station.log_status = ("Idle", request_id)

    # Certificates

    @handles("CertificateSigned")
    def on_certificate_signed(self, certificate_chain: str, **_: Any) -> Any:
        status = self.station.trust.accept_chain(certificate_chain)
        if status == "Rejected":
            self.station.security_event(self.names.bad_certificate)
        return self.answers.CertificateSigned(status=status)

    @handles("InstallCertificate")
    def on_install_certificate(self, certificate_type: str, certificate: str, **_: Any) -> Any:
        return self.answers.InstallCertificate(
            status=self.station.trust.install(certificate_type, certificate)
        )

    @handles("DeleteCertificate")
    def on_delete_certificate(self, certificate_hash_data: dict[str, Any], **_: Any) -> Any:
        return self.answers.DeleteCertificate(status=self.station.trust.delete(certificate_hash_data))

    @handles("DataTransfer")
    def on_data_transfer(self, vendor_id: str, data: Any = None, **_: Any) -> Any:
        if vendor_id != self.station.spec.vendor:
            return self.answers.DataTransfer(status="UnknownVendorId")
        return self.answers.DataTransfer(status="Accepted", data=data)
