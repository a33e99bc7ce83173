"""What every version of OCPP is asked by the same call, word for word, and how long the limits in its calls last."""

from datetime import UTC, datetime, timedelta

from chargers.errors import BadCommand
from chargers.ocpp.outbound import Writers, writes
from chargers.ocpp.protocol import Request
from chargers.ocpp.wording import renamed
from chargers.orders import charging, trust, upkeep
from chargers.reports.commands import CommandOrder
from evbalancer.common.security import encryption

SHARED_WRITERS: Writers = {}
# A charge point whose clock is a little behind would hold a schedule that begins now for one of the future.
CLOCK_MARGIN = timedelta(minutes=5)


def starts_at(begins_at: float | None = None) -> datetime:
    """From when a profile is to hold, which is now where nothing else is said, on the slowest clock. Seconds since 1970."""
    begins = datetime.now(UTC) if begins_at is None else datetime.fromtimestamp(begins_at, UTC)
    return begins - CLOCK_MARGIN


def ends_at(order: charging.SetLimit) -> datetime | None:
    return None if order.ends_at is None else datetime.fromtimestamp(order.ends_at, UTC)


def next_key(order: trust.ChangeKey) -> str:
    """The key in the clear. Raises BadCommand where nobody has made one."""
    if not order.encrypted_key:
        raise BadCommand("The argument 'encrypted_key' is missing.")
    return encryption.decrypt(order.encrypted_key)


@writes(SHARED_WRITERS, trust.ClearCache, "ClearCache")
def _clear_cache(order: trust.ClearCache, sent: CommandOrder) -> Request:
    return Request("ClearCache", {})


@writes(SHARED_WRITERS, charging.CancelReservation, "CancelReservation")
def _cancel_reservation(order: charging.CancelReservation, sent: CommandOrder) -> Request:
    return Request("CancelReservation", {"reservationId": order.reservation_number})


@writes(SHARED_WRITERS, trust.ReadLocalListVersion, "GetLocalListVersion")
def _read_local_list_version(order: trust.ReadLocalListVersion, sent: CommandOrder) -> Request:
    return Request("GetLocalListVersion", {})


@writes(SHARED_WRITERS, trust.DeleteCertificate, "DeleteCertificate")
def _delete_certificate(order: trust.DeleteCertificate, sent: CommandOrder) -> Request:
    names = {
        "hash_algorithm": "hashAlgorithm",
        "issuer_name_hash": "issuerNameHash",
        "issuer_key_hash": "issuerKeyHash",
        "serial_number": "serialNumber",
    }
    return Request("DeleteCertificate", {"certificateHashData": renamed(order, names)})


@writes(SHARED_WRITERS, upkeep.DataTransfer, "DataTransfer")
def _data_transfer(order: upkeep.DataTransfer, sent: CommandOrder) -> Request:
    names = {"vendor": "vendorId", "message": "messageId", "data": "data"}
    return Request("DataTransfer", renamed(order, names))
