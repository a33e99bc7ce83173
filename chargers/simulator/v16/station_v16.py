from __future__ import annotations

from typing import Any, ClassVar

from ocpp.v16 import call

from chargers.simulator.clock import parse_time
from chargers.simulator.plant.connector import Connector, Reading, Transaction
from chargers.simulator.plant.metering import register_wh, samples, v16_sampled_value
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.station import Station
from chargers.simulator.talker import Queued
from chargers.simulator.v16.configuration import configuration_of
from chargers.simulator.whitelist import TagInfo


class StationV16(Station):
    """What a 1.6 charge point says, and what it keeps."""

    subprotocol: ClassVar[str] = "ocpp1.6"
    requests: ClassVar[Any] = call

    def __init__(self, spec: ChargePointSpec, **options: Any) -> None:
        super().__init__(spec, **options)
        self.configuration = configuration_of(spec, self.settings)
        self.diagnostics_status = "Idle"

    def profile_key(self, transaction: Transaction) -> str | None:
        return None if transaction.server_id is None else str(transaction.server_id)

    async def boot(self) -> tuple[str, int]:
        answer = await self.call(
            call.BootNotification(
                charge_point_model=self.spec.model,
                charge_point_vendor=self.spec.vendor,
                charge_point_serial_number=self.spec.id[:25],
                firmware_version=self.spec.firmware,
                meter_type="simulated",
            )
        )
        return str(answer.status), int(answer.interval)

    async def beat(self) -> None:
        await self.call(call.Heartbeat())

    async def ask_authorization(self, id_tag: str) -> TagInfo:
        answer = await self.call(call.Authorize(id_tag=id_tag))
        return tag_info(answer.id_tag_info)

    # Keys and certificates

    def change_key(self, value: str) -> str:
        """The status of ChangeConfiguration for AuthorizationKey; a new key is used from the next connection on."""
        try:
            self.set_password(value)
        except ValueError:
            return "Rejected"
        return "Accepted"

    def ask_for_certificate(self) -> None:
        request = self.trust.signing_request(
            common_name=self.spec.id, organisation=self.configuration.plain["CpoName"] or self.spec.vendor
        )
        self.say(call.SignCertificate(csr=request))

    # Status

    def announce_station(self) -> None:
        status = "Available" if self.available else "Unavailable"
        self._notify_status(0, status, "NoError")

    def announce_status(self, connector: Connector) -> None:
        self._notify_status(connector.id, connector.status(), connector.error_code)

    def _notify_status(self, connector_id: int, status: str, error_code: str) -> None:
        self.say(
            call.StatusNotification(
                connector_id=connector_id,
                error_code=error_code,
                status=status,
                timestamp=self.clock.text(self.clock.now()),
            )
        )

    # Transactions

    def announce_started(self, connector: Connector, transaction: Transaction) -> None:
        reading = connector.reading(transaction.started_at)
        request = call.StartTransaction(
            connector_id=connector.id,
            id_tag=transaction.id_tag,
            meter_start=round(register_wh(reading, self.faults.meter)),
            timestamp=self.clock.text(transaction.started_at),
            reservation_id=transaction.reservation_id,
        )

        def answered(answer: Any) -> None:
            transaction.server_id = answer.transaction_id
            info = tag_info(answer.id_tag_info)
            self.whitelist.remember(transaction.id_tag, info)
            if info.status != "Accepted":
                self.deny(connector, transaction)

        self.talker.queue(Queued("start", lambda: request, answered))

    def announce_sample(self, connector: Connector, context: str) -> None:
        names = self.settings.aligned if context == "Sample.Clock" else self.settings.sampled
        values = self._meter_value(connector.reading(self.clock.now()), names, context)
        transaction = connector.transaction
        if not values["sampled_value"]:
            return
        if transaction is None:
            self.say(call.MeterValues(connector_id=connector.id, meter_value=[values]))
            return

        def build() -> call.MeterValues:
            return call.MeterValues(
                connector_id=connector.id, transaction_id=transaction.server_id, meter_value=[values]
            )

        self.talker.queue(Queued("meter", build))

    def _meter_value(self, reading: Reading, names: tuple[str, ...], context: str) -> dict[str, Any]:
        found = samples(reading, names, self.faults.meter)
        return {
            "timestamp": self.clock.text(reading.at),
            "sampled_value": [v16_sampled_value(sample, context) for sample in found],
        }

    def announce_stopped(
        self, connector: Connector, transaction: Transaction, *, reason: str, id_tag: str | None
    ) -> None:
        reading = connector.reading(self.clock.now())
        meter_stop = round(register_wh(reading, self.faults.meter))
        timestamp = self.clock.text(reading.at)
        values = self._meter_value(reading, self.settings.stop_sampled, "Transaction.End")

        def build() -> call.StopTransaction:
            return call.StopTransaction(
                # -1 stands for a transaction the server never gave an id (errata 3.18).
                transaction_id=-1 if transaction.server_id is None else transaction.server_id,
                meter_stop=meter_stop,
                timestamp=timestamp,
                reason=reason,
                id_tag=id_tag,
                transaction_data=[values] if values["sampled_value"] else None,
            )

        self.talker.queue(Queued("stop", build))


def tag_info(data: dict[str, Any]) -> TagInfo:
    expiry = data.get("expiry_date")
    return TagInfo(
        status=data["status"],
        expires_at=None if expiry is None else parse_time(expiry),
        parent=data.get("parent_id_tag"),
    )
