"""Orders about cards, keys, certificates and what is kept of customers."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from chargers.enums import CommandKind
from chargers.orders.base import Order
from chargers.orders.shape import ADDED_WHEN_SENT, BALANCERS_OWN, Asked, Bounds
from chargers.orders.words import (
    CARD,
    CardToken,
    ChainUse,
    HashAlgorithm,
    ListStatus,
    Moment,
    Pem,
    RootUse,
    ShownUse,
    Token,
    Whole,
)

Hash = Annotated[str, Bounds({"maxLength": 128})]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearCache(Order):
    kind: ClassVar[CommandKind] = CommandKind.CLEAR_CACHE


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """A card on the list. Without a status it is taken off."""

    id_tag: Token
    status: ListStatus | None = None
    expires_at: Moment | None = None
    id_tag_kind: Annotated[str, ADDED_WHEN_SENT] = CARD


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLocalList(Order):
    kind: ClassVar[CommandKind] = CommandKind.SEND_LOCAL_LIST
    note: ClassVar[str] = "without status it is removed; kept in step from then on"

    # A list without cards is 0 (OCPP 1.6 section 5.10).
    version: Annotated[Whole, Bounds({"minimum": 1}), Asked("Version of the list")]
    differential: bool = False
    entries: Annotated[tuple[ListEntry, ...], Bounds({"maxItems": 1_000})] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLocalListVersion(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_LOCAL_LIST_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeKey(Order):
    kind: ClassVar[CommandKind] = CommandKind.CHANGE_KEY
    note: ClassVar[str] = "a fresh key that nobody sees"

    # Nobody but the key's rotation gives it.
    encrypted_key: Annotated[str, BALANCERS_OWN] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCertificates(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_CERTIFICATES
    note: ClassVar[str] = "OCPP 1.6 requires `use`"

    use: Annotated[ShownUse | None, Asked("Roots of what", required=True)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallCertificate(Order):
    kind: ClassVar[CommandKind] = CommandKind.INSTALL_CERTIFICATE

    use: Annotated[RootUse, Asked("Root of what")]
    certificate: Annotated[Pem, Asked("Certificate")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCertificate(Order):
    kind: ClassVar[CommandKind] = CommandKind.DELETE_CERTIFICATE

    hash_algorithm: Annotated[HashAlgorithm, Asked("Hash")]
    issuer_name_hash: Annotated[Hash, Asked("Issuer name hash")]
    issuer_key_hash: Annotated[Hash, Asked("Issuer key hash")]
    serial_number: Annotated[
        str,
        Bounds({"maxLength": 40}),
        Asked("Serial number", "These four are what listing the roots answers."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCertificate(Order):
    """`request_number` is the station's own, whatever it counts in."""

    kind: ClassVar[CommandKind] = CommandKind.SEND_CERTIFICATE

    chain: Annotated[Pem, Asked("Its certificate, then those that signed it")]
    use: ChainUse | None = None
    request_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerData(Order):
    kind: ClassVar[CommandKind] = CommandKind.CUSTOMER_DATA
    note: ClassVar[str] = "required: `report` or `clear`, and `id_tag` or `customer`"

    id_tag: Annotated[CardToken | None, Asked("Card", empty="By name")] = None
    id_tag_kind: Annotated[str, ADDED_WHEN_SENT] = CARD
    customer: Annotated[
        str | None, Bounds({"minLength": 1, "maxLength": 64}), Asked("Name the station knows")
    ] = None
    report: Annotated[bool, Asked("Report it to us")] = False
    clear: Annotated[bool, Asked("Clear it there")] = False
