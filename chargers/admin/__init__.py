from chargers.admin import (
    charge_point,
    connector,
    device_model,
    local_list,
    log,
    model,
    pending,
    security,
    session,
)

__all__ = [
    "charge_point",
    "connector",
    "device_model",
    "local_list",
    "log",
    "model",
    "pending",
    "security",
    "session",
]
