from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ocpp.v16 import ChargePoint as PackageChargePoint
from ocpp.v16 import call_result
from ocpp.v16.enums import Action

from chargers.simulator import remote
from chargers.simulator.inbound import FRAMES, Answering, handles
from chargers.simulator.link import Wire
from chargers.simulator.profile_codec import PURPOSES, profile_of, schedule_periods
from chargers.simulator.profiles import ProfileError, composite
from chargers.simulator.v16.upkeep_v16 import UpkeepV16

if TYPE_CHECKING:
    from chargers.simulator.v16.charge_point import ChargePoint


class InboundV16(Answering, UpkeepV16, PackageChargePoint):  # type: ignore[misc]
    """What the server may ask of a 1.6 charge point: core, remote control and smart charging."""

    version = "1.6"
    known_actions = frozenset(Action)

    def __init__(self, station: ChargePoint, wire: Wire) -> None:
        super().__init__(
            station.spec.id, wire, response_timeout=station.settings.call_timeout_s, logger=FRAMES
        )
        self.station: ChargePoint = station

    # Core

    @handles(Action.get_configuration)
    def on_get_configuration(self, key: list[str] | None = None) -> call_result.GetConfiguration:
        known, unknown = self.station.configuration.get(key)
        return call_result.GetConfiguration(configuration_key=known, unknown_key=unknown)

    @handles(Action.change_configuration)
    def on_change_configuration(self, key: str, value: str) -> call_result.ChangeConfiguration:
        if key.casefold() == "authorizationkey":
            return call_result.ChangeConfiguration(status=self.station.change_key(value))
        return call_result.ChangeConfiguration(status=self.station.configuration.change(key, value))

    @handles(Action.remote_start_transaction)
    def on_remote_start_transaction(
        self, id_tag: str, connector_id: int | None = None, charging_profile: dict[str, Any] | None = None
    ) -> call_result.RemoteStartTransaction:
        started = remote.start(self.station, id_tag, connector_id=connector_id, profile_data=charging_profile)
        return call_result.RemoteStartTransaction(status="Accepted" if started else "Rejected")

    @handles(Action.remote_stop_transaction)
    def on_remote_stop_transaction(self, transaction_id: int) -> call_result.RemoteStopTransaction:
        for connector in self.station.connectors.values():
            if connector.transaction is not None and connector.transaction.server_id == transaction_id:
                self.station.end_transaction(connector, reason="Remote")
                return call_result.RemoteStopTransaction(status="Accepted")
        return call_result.RemoteStopTransaction(status="Rejected")

    @handles(Action.change_availability)
    def on_change_availability(
        self,
        connector_id: int,
        type: str,  # noqa: A002
    ) -> call_result.ChangeAvailability:
        status = remote.change_availability(self.station, connector_id, operative=type == "Operative")
        return call_result.ChangeAvailability(status=status)

    @handles(Action.reset)
    def on_reset(self, type: str) -> call_result.Reset:  # noqa: A002
        self.station.spawn(self.station.reboot(reason=f"{type}Reset"))
        return call_result.Reset(status="Accepted")

    @handles(Action.unlock_connector)
    def on_unlock_connector(self, connector_id: int) -> call_result.UnlockConnector:
        connector = self.station.connectors.get(connector_id)
        if connector is None:
            return call_result.UnlockConnector(status="NotSupported")
        self.station.end_transaction(connector, reason="UnlockCommand")
        return call_result.UnlockConnector(status="Unlocked")

    @handles(Action.clear_cache)
    def on_clear_cache(self) -> call_result.ClearCache:
        self.station.whitelist.cached.clear()
        return call_result.ClearCache(status="Accepted")

    @handles(Action.data_transfer)
    def on_data_transfer(
        self, vendor_id: str, message_id: str | None = None, data: str | None = None
    ) -> call_result.DataTransfer:
        if vendor_id != self.station.spec.vendor:
            return call_result.DataTransfer(status="UnknownVendorId")
        return call_result.DataTransfer(status="Accepted", data=data)

    # Smart charging

    @handles(Action.set_charging_profile)
    def on_set_charging_profile(
        self, connector_id: int, cs_charging_profiles: dict[str, Any]
    ) -> call_result.SetChargingProfile:
        status = self.station.faults.profile_answer or self._install(connector_id, cs_charging_profiles)
        return call_result.SetChargingProfile(status=status)

    def _install(self, connector_id: int, data: dict[str, Any]) -> str:
        station = self.station
        connector = station.connectors.get(connector_id)
        if connector is None and connector_id != 0:
            return "Rejected"
        running = None
        if connector is not None and connector.transaction is not None:
            running = connector.running(station.profile_key(connector.transaction))
        try:
            profile = profile_of(data)
            station.profiles.install(
                profile, connector_id=connector_id, now=station.clock.now(), running=running
            )
        except (ProfileError, ValueError):
            return "Rejected"
        station.touch()
        return "Accepted"

    @handles(Action.clear_charging_profile)
    def on_clear_charging_profile(
        self,
        id: int | None = None,  # noqa: A002
        connector_id: int | None = None,
        charging_profile_purpose: str | None = None,
        stack_level: int | None = None,
    ) -> call_result.ClearChargingProfile:
        gone = self.station.profiles.clear(
            profile_id=id,
            connector_id=connector_id,
            purpose=PURPOSES[charging_profile_purpose] if charging_profile_purpose else None,
            stack_level=stack_level,
        )
        self.station.touch()
        return call_result.ClearChargingProfile(status="Accepted" if gone else "Unknown")

    @handles(Action.get_composite_schedule)
    def on_get_composite_schedule(
        self, connector_id: int, duration: int, charging_rate_unit: str | None = None
    ) -> call_result.GetCompositeSchedule:
        station = self.station
        connector = station.connectors.get(connector_id or 1)
        if connector is None:
            return call_result.GetCompositeSchedule(status="Rejected")
        now = station.clock.now()
        transaction = connector.transaction if connector_id else None
        periods = composite(
            station.profiles,
            connector_id,
            start=now,
            duration_s=duration,
            running=connector.running(station.profile_key(transaction)) if transaction else None,
            feed=connector.feed,
            nameplate_ma=connector.nameplate_ma * (1 if connector_id else len(station.connectors)),
        )
        unit = charging_rate_unit or "A"
        watts_per_amp = connector.voltage_v * connector.phases
        start = station.clock.text(now)
        return call_result.GetCompositeSchedule(
            status="Accepted",
            connector_id=connector_id,
            schedule_start=start,
            charging_schedule={
                "duration": duration,
                "start_schedule": start,
                "charging_rate_unit": unit,
                "charging_schedule_period": schedule_periods(periods, unit=unit, watts_per_amp=watts_per_amp),
            },
        )
