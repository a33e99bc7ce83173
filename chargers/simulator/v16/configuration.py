from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chargers.simulator.plant.spec import RATE_UNITS, ChargePointSpec, Settings
from chargers.simulator.variables import OBEYED, read_flag, read_measurands, read_natural

PROFILES = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger,Security"


BOUND = {one.key: one for one in OBEYED if one.key is not None}

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
        value = BOUND[name].show(self.settings) if name in BOUND else self.plain[name]
        return {"key": name, "readonly": False, "value": value}

    def change(self, key: str, value: str) -> str:
        """The status of ChangeConfiguration.conf."""
        names = {name.casefold(): name for name in (*BOUND, *self.plain, *self.fixed)}
        name = names.get(key.casefold())
        if name is None:
            return "NotSupported"
        if name in self.fixed:
            return "Rejected"
        try:
            if name in BOUND:
                BOUND[name].store(self.settings, value)
            else:
                PLAIN[name][1](value)
                self.plain[name] = value
        except ValueError:
            return "Rejected"
        return "Accepted"


def configuration_of(spec: ChargePointSpec, settings: Settings) -> Configuration:
    rotation = (
        spec.rotation if spec.rotation in ("RST", "RTS", "SRT", "STR", "TRS", "TSR") else "NotApplicable"
    )
    plain = {name: default for name, (default, _) in PLAIN.items()}
    plain["ConnectorPhaseRotation"] = ",".join(f"{n}.{rotation}" for n in range(spec.connectors + 1))
    fixed = {
        "ChargeProfileMaxStackLevel": "9",
        "ChargingScheduleAllowedChargingRateUnit": ",".join(RATE_UNITS[unit] for unit in spec.rate_units),
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
