from __future__ import annotations

import ssl
from dataclasses import dataclass

from chargers.simulator.plant.metering import MEASURANDS
from chargers.simulator.plant.wiring import check_wiring
from chargers.simulator.profiles import KeyedBy

# Of charging profiles, with the words of OCPP 1.6's configuration for them.
RATE_UNITS = {"A": "Current", "W": "Power"}
VERSIONS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1", "2.1": "ocpp2.1"}


@dataclass(frozen=True, slots=True)
class ChargePointSpec:
    """A charge point as it is built and wired: what cannot be configured over OCPP."""

    id: str
    key: str = ""
    version: str = "1.6"
    connectors: int = 1
    phases: int = 3
    rotation: str = "RST"
    circuit: str = ""
    nameplate_ma: int = 32_000
    voltage_v: float = 230.0
    vendor: str = "EVSim"
    model: str = "Wallbox"
    firmware: str = "1.0.0"
    switches_phases: bool = False
    boots_on_reconnect: bool = False
    profiles_keyed_by: KeyedBy = KeyedBy.ID_OR_SLOT
    rate_units: tuple[str, ...] = ("A", "W")  # of the charging profiles that it takes
    reads_back: bool = True  # it answers what its profiles are, and what they come to
    reboot_s: float = 2.0
    hex_keys: bool = False  # a new AuthorizationKey is hexadecimal for the bytes of the password
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if not self.id or len(self.id) > 48:
            raise ValueError("a charge point's id has 1 to 48 characters")
        if self.version not in VERSIONS:
            raise ValueError(f"OCPP {self.version!r} is none of {', '.join(VERSIONS)}")
        if self.connectors < 1:
            raise ValueError("a charge point has at least one connector")
        if not self.rate_units or not set(self.rate_units) <= set(RATE_UNITS):
            raise ValueError(f"rate units are some of {', '.join(RATE_UNITS)}")
        if self.nameplate_ma <= 0:
            raise ValueError("a nameplate is above 0 mA")
        check_wiring(phases=self.phases, rotation=self.rotation)


@dataclass(slots=True)
class Settings:
    """What the server may configure, in the words of neither protocol version."""

    heartbeat_s: int = 300
    sample_s: int = 10
    aligned_s: int = 0
    ping_s: int = 30
    connection_timeout_s: int = 60
    minimum_status_s: int = 0
    message_attempts: int = 3
    message_retry_s: int = 5
    call_timeout_s: float = 30.0
    local_authorize_offline: bool = True
    local_pre_authorize: bool = False
    local_list_enabled: bool = True
    cache_enabled: bool = True
    allow_offline_unknown: bool = False
    authorize_remote: bool = False
    stop_on_invalid_tag: bool = True
    stop_on_unplug: bool = True
    sampled: tuple[str, ...] = MEASURANDS
    aligned: tuple[str, ...] = ("Energy.Active.Import.Register",)
    stop_sampled: tuple[str, ...] = ()
    upkeep_step_s: float = 1.0  # between two steps of a firmware update or an upload
    backoff_first_s: float = 1.0
    backoff_most_s: float = 60.0
