from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from chargers.simulator.station import Station


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault that can be asked for by name. `value` is what a scenario may set, `default` if it does not."""

    begin: Callable[[Station, float], None]
    end: Callable[[Station], None] | None  # None: it happens once
    value: str = ""
    default: float = 0.0


def _silent(station: Station, *, silent: bool) -> None:
    station.faults.silent = silent
    if silent:
        station.link.fall_silent()
    else:
        station.link.speak_again()


def _profile_answer(answer: str) -> Kind:
    return Kind(
        lambda station, _: setattr(station.faults, "profile_answer", answer),
        lambda station: setattr(station.faults, "profile_answer", ""),
    )


def _mute(actions: frozenset[str]) -> Kind:
    return Kind(
        lambda station, _: setattr(station.faults, "mute_actions", actions),
        lambda station: setattr(station.faults, "mute_actions", frozenset()),
    )


def _meter(quirk: str) -> Kind:
    return Kind(
        lambda station, _: setattr(station.faults.meter, quirk, True),
        lambda station: setattr(station.faults.meter, quirk, False),
    )


def _reset_registers(station: Station) -> None:
    highest_wh = max(connector.register_wh for connector in station.connectors.values())
    station.faults.meter.register_offset_wh = -highest_wh


def _cars_obey(station: Station, *, obey: bool) -> None:
    for connector in station.connectors.values():
        if connector.car is not None:
            connector.car.obeys = obey


def _zoneless(station: Station, *, zoneless: bool, utc_offset_s: float = 0) -> None:
    station.clock.zoneless, station.clock.utc_offset_s = zoneless, int(utc_offset_s)


def _error(station: Station, code: str) -> None:
    for connector in station.connectors.values():
        connector.error_code = code
    station.touch()


def _units(station: Station, *units: str) -> None:
    station.profiles.limits = replace(station.profiles.limits, units=units)


def _weld(station: Station, *, welded: bool) -> None:
    for connector in station.connectors.values():
        connector.welded = welded
    station.touch()


KINDS: dict[str, Kind] = {
    # The line
    "silence": Kind(lambda s, _: _silent(s, silent=True), lambda s: _silent(s, silent=False)),
    "offline": Kind(lambda s, _: s.link.unplug_network(), lambda s: s.link.plug_network()),
    "cut": Kind(lambda s, _: s.link.drop(), None),
    "late_answers": Kind(
        lambda s, delay_s: setattr(s.faults, "answer_delay_s", delay_s),
        lambda s: setattr(s.faults, "answer_delay_s", 0.0),
        value="delay_s",
        default=5.0,
    ),
    "never_answers": _mute(frozenset("*")),
    "replayed_start": Kind(
        lambda s, times: setattr(s.faults, "start_replays", int(times)),
        lambda s: setattr(s.faults, "start_replays", 0),
        value="times",
        default=1,
    ),
    "repeated_events": Kind(
        lambda s, times: setattr(s.faults, "event_replays", int(times)),
        lambda s: setattr(s.faults, "event_replays", 0),
        value="times",
        default=1,
    ),
    "renumbered_events": Kind(
        lambda s, _: setattr(s.faults, "renumbers_events", True),
        lambda s: setattr(s.faults, "renumbers_events", False),
    ),
    # Charging profiles
    "profiles_rejected": _profile_answer("Rejected"),
    "profiles_not_supported": _profile_answer("NotSupported"),
    "profiles_error": _profile_answer("CallError"),
    "profiles_unanswered": _mute(frozenset({"SetChargingProfile"})),
    "profiles_ignored": Kind(
        lambda s, _: setattr(s.faults, "ignores_profiles", True),
        lambda s: setattr(s.faults, "ignores_profiles", False),
    ),
    "profiles_outranked": Kind(
        lambda s, limit_ma: s.profiles.misbehave(outranked_ma=int(limit_ma)),
        lambda s: s.profiles.misbehave(outranked_ma=-1),
        value="limit_ma",
        default=32_000,
    ),
    "profiles_in_watts": Kind(lambda s, _: _units(s, "W"), lambda s: _units(s, "A", "W")),
    "ignores_duration": Kind(
        lambda s, _: s.profiles.misbehave(ignores_duration=True),
        lambda s: s.profiles.misbehave(ignores_duration=False),
    ),
    "ignores_relative": Kind(
        lambda s, _: s.profiles.misbehave(ignores_relative=True),
        lambda s: s.profiles.misbehave(ignores_relative=False),
    ),
    "car_ignores_limit": Kind(lambda s, _: _cars_obey(s, obey=False), lambda s: _cars_obey(s, obey=True)),
    # The clock
    "clock_skew": Kind(
        lambda s, skew_s: setattr(s.clock, "skew_s", skew_s),
        lambda s: setattr(s.clock, "skew_s", 0.0),
        value="skew_s",
        default=3600.0,
    ),
    "clock_slow": Kind(
        lambda s, share: s.clock.go_slower(share),
        lambda s: s.clock.go_slower(0.0),
        value="share",
        default=0.01,
    ),
    "zoneless_time": Kind(
        lambda s, offset_s: _zoneless(s, zoneless=True, utc_offset_s=offset_s),
        lambda s: _zoneless(s, zoneless=False),
        value="utc_offset_s",
        default=0.0,
    ),
    # The meter
    "meter_kwh_labelled_wh": _meter("kwh_labelled_wh"),
    "meter_session_relative": _meter("session_relative"),
    "meter_current_on_n": _meter("current_on_n"),
    "meter_without_current": _meter("without_current"),
    "meter_register_by_phase": _meter("register_by_phase"),
    "meter_reset": Kind(lambda s, _: _reset_registers(s), None),
    # The machine
    "reboot": Kind(lambda s, _: s.spawn(s.reboot(reason="PowerLoss")), None),
    "crash_in_transaction": Kind(lambda s, _: s.spawn(s.crash(keeps_transactions=True)), None),
    "crash_and_forget": Kind(lambda s, _: s.spawn(s.crash(keeps_transactions=False)), None),
    "denial_ignored": Kind(
        lambda s, _: setattr(s.faults, "ignores_denial", True),
        lambda s: setattr(s.faults, "ignores_denial", False),
    ),
    "contactor_welded": Kind(lambda s, _: _weld(s, welded=True), lambda s: _weld(s, welded=False)),
    "faulted": Kind(lambda s, _: _error(s, "GroundFailure"), lambda s: _error(s, "NoError")),
}


def begin(station: Station, kind: str, *, value: float | None = None) -> None:
    """Start a fault by name; KeyError for a name that is none of KINDS."""
    known = KINDS[kind]
    known.begin(station, known.default if value is None else value)


def end(station: Station, kind: str) -> None:
    known = KINDS[kind]
    if known.end is not None:
        known.end(station)


async def inject(
    station: Station, kind: str, *, duration_s: float | None, value: float | None = None
) -> None:
    """Let a fault last duration_s (None: for good), also when cancelled meanwhile."""
    begin(station, kind, value=value)
    if duration_s is None:
        return
    try:
        await asyncio.sleep(duration_s)
    finally:
        end(station, kind)
