from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chargers.simulator.plant.metering import MEASURANDS
from chargers.simulator.plant.spec import ChargePointSpec, Settings

PROFILES = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger,Security"


def read_natural(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 2**31 - 1:
        raise ValueError(text)
    return value


def read_flag(text: str) -> bool:
    if text.strip().lower() not in ("true", "false"):
        raise ValueError(text)
    return text.strip().lower() == "true"


def read_measurands(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if any(name not in MEASURANDS for name in names):
        raise ValueError(text)
    return names


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True, slots=True)
class Bound:
    """A key that the charge point obeys: a field of its settings and how to read the text."""

    attribute: str
    parse: Callable[[str], Any]


BOUND = {
    "AllowOfflineTxForUnknownId": Bound("allow_offline_unknown", read_flag),
    "AuthorizationCacheEnabled": Bound("cache_enabled", read_flag),
    "AuthorizeRemoteTxRequests": Bound("authorize_remote", read_flag),
    "ClockAlignedDataInterval": Bound("aligned_s", read_natural),
    "ConnectionTimeOut": Bound("connection_timeout_s", read_natural),
    "HeartbeatInterval": Bound("heartbeat_s", read_natural),
    "LocalAuthListEnabled": Bound("local_list_enabled", read_flag),
    "LocalAuthorizeOffline": Bound("local_authorize_offline", read_flag),
    "LocalPreAuthorize": Bound("local_pre_authorize", read_flag),
    "MeterValueSampleInterval": Bound("sample_s", read_natural),
    "MeterValuesAlignedData": Bound("aligned", read_measurands),
    "MeterValuesSampledData": Bound("sampled", read_measurands),
    "MinimumStatusDuration": Bound("minimum_status_s", read_natural),
    "StopTransactionOnEVSideDisconnect": Bound("stop_on_unplug", read_flag),
    "StopTransactionOnInvalidId": Bound("stop_on_invalid_tag", read_flag),
    "StopTxnSampledData": Bound("stop_sampled", read_measurands),
    "TransactionMessageAttempts": Bound("message_attempts", read_natural),
    "TransactionMessageRetryInterval": Bound("message_retry_s", read_natural),
    "WebSocketPingInterval": Bound("ping_s", read_natural),
}

# Kept and reported, with no effect on a simulated wall box.
PLAIN: dict[str, tuple[str, Callable[[str], Any]]] = {
    "BlinkRepeat": ("0", read_natural),
    "LightIntensity": ("100", read_natural),
    "MaxEnergyOnInvalidId": ("0", read_natural),
    "ResetRetries": ("1", read_natural),
    "StopTxnAlignedData": ("", read_measurands),
    "UnlockConnectorOnEVSideDisconnect": ("true", read_flag),
    "ConnectorPhaseRotation": ("", str),
    "CpoName": ("", str),
    "AdditionalRootCertificateCheck": ("false", read_flag),
    "SecurityProfile": ("1", read_natural),
}


@dataclass(slots=True)
class Configuration:
    """The configuration keys of an OCPP 1.6 charge point."""

    settings: Settings
    plain: dict[str, str]
    fixed: dict[str, str]

    def get(self, keys: list[str] | None) -> tuple[list[dict[str, Any]], list[str]]:
        """The configurationKey and unknownKey lists of GetConfiguration.conf."""
        names = {name.casefold(): name for name in (*BOUND, *self.plain, *self.fixed)}
        if not keys:
            return [self._entry(name) for name in sorted(names.values())], []
        found = [self._entry(names[key.casefold()]) for key in keys if key.casefold() in names]
        return found, [key for key in keys if key.casefold() not in names]

    def _entry(self, name: str) -> dict[str, Any]:
        if name in self.fixed:
            return {"key": name, "readonly": True, "value": self.fixed[name]}
        value = shown(getattr(self.settings, BOUND[name].attribute)) if name in BOUND else self.plain[name]
        return {"key": name, "readonly": False, "value": value}

    def change(self, key: str, value: str) -> str:
        """The status of ChangeConfiguration.conf."""
        names = {name.casefold(): name for name in (*BOUND, *self.plain, *self.fixed)}
        name = names.get(key.casefold())
        if name is None:
            return "NotSupported"
        if name in self.fixed:
            return "Rejected"
        parse = BOUND[name].parse if name in BOUND else PLAIN[name][1]
        try:
            parsed = parse(value)
        except ValueError:
            return "Rejected"
        if name in BOUND:
            setattr(self.settings, BOUND[name].attribute, parsed)
        else:
            self.plain[name] = value
        return "Accepted"


def configuration_of(spec: ChargePointSpec, settings: Settings) -> Configuration:
    rotation = (
        spec.rotation if spec.rotation in ("RST", "RTS", "SRT", "STR", "TRS", "TSR") else "NotApplicable"
    )
    plain = {name: default for name, (default, _) in PLAIN.items()}
    plain["ConnectorPhaseRotation"] = ",".join(f"{n}.{rotation}" for n in range(spec.connectors + 1))
    fixed = {
        "ChargeProfileMaxStackLevel": "9",
        "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
        "ChargingScheduleMaxPeriods": "24",
        "ConnectorSwitch3to1PhaseSupported": "true" if spec.switches_phases else "false",
        "GetConfigurationMaxKeys": "50",
        "LocalAuthListMaxLength": "500",
        "MaxChargingProfilesInstalled": "20",
        "NumberOfConnectors": str(spec.connectors),
        "ReserveConnectorZeroSupported": "false",
        "SendLocalListMaxLength": "200",
        "SupportedFeatureProfiles": PROFILES,
        "SupportedFeatureProfilesMaxLength": "7",
        "CertificateSignedMaxChainSize": "10000",
        "CertificateStoreMaxLength": "20",
    }
    return Configuration(settings=settings, plain=plain, fixed=fixed)
