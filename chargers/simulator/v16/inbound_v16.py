from __future__ import annotations

from typing import Any

from ocpp.v16 import ChargePoint as PackageChargePoint
from ocpp.v16 import call_result
from ocpp.v16.enums import Action

from chargers.simulator import remote
from chargers.simulator.inbound import FRAMES, Answering, handles
from chargers.simulator.link import Wire
from chargers.simulator.profiles import ProfileError
from chargers.simulator.v16.station_v16 import StationV16
from chargers.simulator.v16.upkeep_v16 import UpkeepV16


class InboundV16(Answering, UpkeepV16, PackageChargePoint):  # type: ignore[misc]
    """What the server may ask of a 1.6 charge point: core, remote control and smart charging."""

    version = "1.6"
    known_actions = frozenset(Action)

    def __init__(self, station: StationV16, wire: Wire) -> None:
        super().__init__(
            station.spec.id, wire, response_timeout=station.settings.call_timeout_s, logger=FRAMES
        )
        self.station: StationV16 = station

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
        stopped = remote.stop(self.station, str(transaction_id))
        return call_result.RemoteStopTransaction(status="Accepted" if stopped else "Rejected")

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

    # Smart charging

    @handles(Action.set_charging_profile)
    def on_set_charging_profile(
        self, connector_id: int, cs_charging_profiles: dict[str, Any]
    ) -> call_result.SetChargingProfile:
        status = self.station.faults.profile_answer
        if not status:
            try:
                remote.install_profile(self.station, connector_id, cs_charging_profiles)
                status = "Accepted"
            except ProfileError:
                status = "Rejected"
        return call_result.SetChargingProfile(status=status)

    @handles(Action.clear_charging_profile)
    def on_clear_charging_profile(
        self,
        id: int | None = None,  # noqa: A002
        **criteria: Any,
    ) -> call_result.ClearChargingProfile:
        gone = remote.clear_profiles(self.station, {**criteria, "profile_id": id})
        return call_result.ClearChargingProfile(status="Accepted" if gone else "Unknown")

    @handles(Action.get_composite_schedule)
    def on_get_composite_schedule(
        self, connector_id: int, duration: int, charging_rate_unit: str | None = None
    ) -> call_result.GetCompositeSchedule:
        schedule = remote.compose_schedule(
            self.station, connector_id, duration_s=duration, unit=charging_rate_unit
        )
        if schedule is None:
            return call_result.GetCompositeSchedule(status="Rejected")
        start = self.station.clock.text(self.station.clock.now())
        return call_result.GetCompositeSchedule(
            status="Accepted",
            connector_id=connector_id,
            schedule_start=start,
            charging_schedule={**schedule, "start_schedule": start},
        )
