"""The settings that a charge point obeys: each with its reader, and with its name in either version of OCPP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chargers.simulator.plant.metering import MEASURANDS
from chargers.simulator.plant.spec import Settings


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


DATA_TYPES: dict[Callable[[str], Any], str] = {
    read_natural: "integer",
    read_flag: "boolean",
    read_measurands: "MemberList",
}


@dataclass(frozen=True, slots=True)
class Obeyed:
    """A field of the settings. `key` is its name in 1.6; `path` is component, variable and instance in 2.0.1."""

    attribute: str
    parse: Callable[[str], Any]
    key: str | None = None
    path: tuple[str, str, str | None] | None = None

    @property
    def data_type(self) -> str:
        return DATA_TYPES[self.parse]

    def show(self, settings: Settings) -> str:
        value = getattr(settings, self.attribute)
        if isinstance(value, bool):
            return "true" if value else "false"
        return ",".join(value) if isinstance(value, tuple) else str(value)

    def store(self, settings: Settings, text: str) -> None:
        """Raise ValueError for a text that is no such value; nothing is changed then."""
        setattr(settings, self.attribute, self.parse(text))


RETRIES = "TransactionEvent"
OBEYED = (
    Obeyed("heartbeat_s", read_natural, "HeartbeatInterval", ("OCPPCommCtrlr", "HeartbeatInterval", None)),
    Obeyed("ping_s", read_natural, "WebSocketPingInterval", ("OCPPCommCtrlr", "WebSocketPingInterval", None)),
    Obeyed("message_attempts", read_natural, "TransactionMessageAttempts", ("OCPPCommCtrlr", "MessageAttempts", RETRIES)),
    Obeyed("message_retry_s", read_natural, "TransactionMessageRetryInterval", ("OCPPCommCtrlr", "MessageAttemptInterval", RETRIES)),
    Obeyed("sample_s", read_natural, "MeterValueSampleInterval", ("SampledDataCtrlr", "TxUpdatedInterval", None)),
    Obeyed("sampled", read_measurands, "MeterValuesSampledData", ("SampledDataCtrlr", "TxUpdatedMeasurands", None)),
    Obeyed("stop_sampled", read_measurands, "StopTxnSampledData"),
    Obeyed("aligned_s", read_natural, "ClockAlignedDataInterval", ("AlignedDataCtrlr", "Interval", None)),
    Obeyed("aligned", read_measurands, "MeterValuesAlignedData", ("AlignedDataCtrlr", "Measurands", None)),
    Obeyed("minimum_status_s", read_natural, "MinimumStatusDuration"),
    Obeyed("connection_timeout_s", read_natural, "ConnectionTimeOut", ("TxCtrlr", "EVConnectionTimeOut", None)),
    Obeyed("stop_on_invalid_tag", read_flag, "StopTransactionOnInvalidId", ("TxCtrlr", "StopTxOnInvalidId", None)),
    Obeyed("stop_on_unplug", read_flag, "StopTransactionOnEVSideDisconnect", ("TxCtrlr", "StopTxOnEVSideDisconnect", None)),
    Obeyed("local_authorize_offline", read_flag, "LocalAuthorizeOffline", ("AuthCtrlr", "LocalAuthorizeOffline", None)),
    Obeyed("local_pre_authorize", read_flag, "LocalPreAuthorize", ("AuthCtrlr", "LocalPreAuthorize", None)),
    Obeyed("allow_offline_unknown", read_flag, "AllowOfflineTxForUnknownId", ("AuthCtrlr", "OfflineTxForUnknownIdEnabled", None)),
    Obeyed("authorize_remote", read_flag, "AuthorizeRemoteTxRequests", ("AuthCtrlr", "AuthorizeRemoteStart", None)),
    Obeyed("cache_enabled", read_flag, "AuthorizationCacheEnabled", ("AuthCacheCtrlr", "Enabled", None)),
    Obeyed("local_list_enabled", read_flag, "LocalAuthListEnabled", ("LocalAuthListCtrlr", "Enabled", None)),
)  # fmt: skip
