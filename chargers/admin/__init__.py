from chargers.admin import (
    charge_point,
    connector,
    device_model,
    group,
    local_list,
    log,
    make,
    pending,
    security,
    session,
)

__all__ = [
    "charge_point",
    "connector",
    "device_model",
    "group",
    "local_list",
    "log",
    "make",
    "pending",
    "security",
    "session",
]
