from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chargers.simulator.metering import MEASURANDS
from chargers.simulator.spec import ChargePointSpec, Settings

PROFILES = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger,Security"


def _natural(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 2**31 - 1:
        raise ValueError(text)
    return value


def _flag(text: str) -> bool:
    if text.strip().lower() not in ("true", "false"):
        raise ValueError(text)
    return text.strip().lower() == "true"


def _measurands(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if any(name not in MEASURANDS for name in names):
        raise ValueError(text)
    return names


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True, slots=True)
class Bound:
    """A key that the charge point obeys: a field of its settings and how to read the text."""

    attribute: str
    parse: Callable[[str], Any]


BOUND = {
    "AllowOfflineTxForUnknownId": Bound("allow_offline_unknown", _flag),
    "AuthorizationCacheEnabled": Bound("cache_enabled", _flag),
    "AuthorizeRemoteTxRequests": Bound("authorize_remote", _flag),
    "ClockAlignedDataInterval": Bound("aligned_s", _natural),
    "ConnectionTimeOut": Bound("connection_timeout_s", _natural),
    "HeartbeatInterval": Bound("heartbeat_s", _natural),
    "LocalAuthListEnabled": Bound("local_list_enabled", _flag),
    "LocalAuthorizeOffline": Bound("local_authorize_offline", _flag),
    "LocalPreAuthorize": Bound("local_pre_authorize", _flag),
    "MeterValueSampleInterval": Bound("sample_s", _natural),
    "MeterValuesAlignedData": Bound("aligned", _measurands),
    "MeterValuesSampledData": Bound("sampled", _measurands),
    "MinimumStatusDuration": Bound("minimum_status_s", _natural),
    "StopTransactionOnEVSideDisconnect": Bound("stop_on_unplug", _flag),
    "StopTransactionOnInvalidId": Bound("stop_on_invalid_tag", _flag),
    "StopTxnSampledData": Bound("stop_sampled", _measurands),
    "TransactionMessageAttempts": Bound("message_attempts", _natural),
    "TransactionMessageRetryInterval": Bound("message_retry_s", _natural),
    "WebSocketPingInterval": Bound("ping_s", _natural),
}

# Kept and reported, with no effect on a simulated wall box.
PLAIN: dict[str, tuple[str, Callable[[str], Any]]] = {
    "BlinkRepeat": ("0", _natural),
    "LightIntensity": ("100", _natural),
    "MaxEnergyOnInvalidId": ("0", _natural),
    "ResetRetries": ("1", _natural),
    "StopTxnAlignedData": ("", _measurands),
    "UnlockConnectorOnEVSideDisconnect": ("true", _flag),
    "ConnectorPhaseRotation": ("", str),
    "CpoName": ("", str),
    "AdditionalRootCertificateCheck": ("false", _flag),
    "SecurityProfile": ("1", _natural),
}


@dataclass(slots=True)
class Configuration:
    """The configuration keys of an OCPP 1.6 charge point."""

    settings: Settings
    plain: dict[str, str]
    fixed: dict[str, str]
    supported_max_keys: int = 50
    changed: dict[str, str] = field(default_factory=dict)

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
        value = _shown(getattr(self.settings, BOUND[name].attribute)) if name in BOUND else self.plain[name]
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
        self.changed[name] = value
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
