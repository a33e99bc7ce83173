"""What a refusal of Smartcar means for us: by its status, type and code, and by its Retry-After in every form.

https://smartcar.com/docs/errors: 401 AUTHENTICATION, 403 PERMISSION, 409 VEHICLE_STATE, 429 RATE_LIMIT, 430 BILLING, 501
COMPATIBILITY, 502 UPSTREAM.
"""

from collections.abc import Mapping
from datetime import datetime

from fleet.smartcar.gateway import Cause, GatewayError
from fleet.smartcar.retry import retry_after

PERMANENT = frozenset({"PERMISSION", "COMPATIBILITY", "CONNECTED_SERVICES_ACCOUNT"})
TYPE_OF_STATUS = {
    401: "AUTHENTICATION",
    403: "PERMISSION",
    409: "VEHICLE_STATE",
    429: "RATE_LIMIT",
    430: "BILLING",
    501: "COMPATIBILITY",
}
CAUSES = {
    "AUTHENTICATION": Cause.TOKEN,
    "PERMISSION": Cause.PERMISSION,
    "COMPATIBILITY": Cause.PERMISSION,
    "CONNECTED_SERVICES_ACCOUNT": Cause.PERMISSION,
    "VEHICLE_STATE": Cause.ASLEEP,
}


def refusal(
    status: int | None, kind: str, code: str, headers: Mapping[str, str], *, now: datetime
) -> GatewayError:
    """The error to raise. Where the body says nothing the status speaks; an unclear limit counts for all cars."""
    kind = kind if kind and kind != "SDK_ERROR" else TYPE_OF_STATUS.get(status or 0, "")
    named = ":".join(part for part in (kind, code) if part)
    return GatewayError(
        f"Smartcar: {named or status or 'no answer'}",
        permanent=kind in PERMANENT,
        retry_after=retry_after(headers, now=now),
        cause=_cause(kind, code),
    )


def _cause(kind: str, code: str) -> Cause:
    if kind == "RATE_LIMIT":
        return Cause.RATE_CAR if code == "VEHICLE" else Cause.RATE_APPLICATION
    if kind == "UPSTREAM" and code == "RATE_LIMIT":
        return Cause.RATE_CAR
    if kind == "BILLING":
        return Cause.BILLING_CAR if code == "VEHICLE_REQUEST_LIMIT" else Cause.BILLING_APPLICATION
    return CAUSES.get(kind, Cause.FAILED)
