"""Whether what a meter signed is genuine, and the file by which anybody can check it without us.

A key that a manager registered for the connector, as it is printed on the meter, proves a value. One that only the charge point sent
shows that the value was not changed since, and is marked as such.
"""

import base64
from collections.abc import Iterable
from enum import StrEnum
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.translation import gettext_noop

from chargers.domain.metering.ocmf import NotAKey, NotOcmf, Ocmf, is_signed_by, parse_ocmf, read_key
from chargers.models import SignedMeterValue
from evbalancer.common.plain import printable


class Proof(StrEnum):
    """What is known of a signed value. Its words are translated where they are shown."""

    VERIFIED = "verified"
    VERIFIED_BY_SENT_KEY = "verified_by_sent_key"
    NOT_GENUINE = "not_genuine"
    UNKNOWN_KEY = "unknown_key"
    NOT_CHECKABLE = "not_checkable"


WORDS: Final = {
    Proof.VERIFIED: gettext_noop("Verified by the registered key of the meter"),
    Proof.VERIFIED_BY_SENT_KEY: gettext_noop("Unchanged by the key that the charge point sent"),
    Proof.NOT_GENUINE: gettext_noop("Not genuine: the signature does not fit"),
    Proof.UNKNOWN_KEY: gettext_noop("The meter's key is unknown"),
    Proof.NOT_CHECKABLE: gettext_noop("This format can't be checked here"),
}


def judge_value(value: SignedMeterValue) -> Proof:
    """By the key that is registered for the connector; without one, by the key that came with it."""
    registered = value.session.connector.registered_meter_key
    try:
        signed = parse_ocmf(value.data)
        if registered:
            return Proof.VERIFIED if _fits(signed, registered) else Proof.NOT_GENUINE
        if not value.public_key:
            return Proof.UNKNOWN_KEY
        return Proof.VERIFIED_BY_SENT_KEY if _fits(signed, value.public_key) else Proof.NOT_GENUINE
    except NotOcmf:
        return Proof.NOT_CHECKABLE
    except NotAKey:
        return Proof.UNKNOWN_KEY


def write_transparency_file(values: Iterable[SignedMeterValue]) -> bytes:
    """The XML that the transparency software of S.A.F.E. e.V. opens: each value as it came, beside its key.

    The library escapes whatever a meter or a charge point wrote. What XML can't hold at all is left out of the attributes; a value that
    holds such a character is written in the base64 of its bytes.
    """
    root = Element("values")
    for number, value in enumerate(values, start=1):
        place = SubElement(root, "value", transactionId=str(number), context=printable(value.context))
        text, encoding = _plain(value.data)
        SubElement(place, "signedData", format=_format(value), encoding=encoding).text = text
        key = value.session.connector.registered_meter_key or value.public_key
        if key:
            SubElement(place, "publicKey", encoding="plain").text = printable("".join(key.split()))
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _fits(signed: Ocmf, key: str) -> bool:
    return is_signed_by(signed, read_key(key))


def _plain(data: str) -> tuple[str, str]:
    """OCMF as its own text, also where OCPP carried it in base64."""
    try:
        text = parse_ocmf(data).text
    except NotOcmf:
        text = data
    if all(letter.isprintable() or letter in "\n\t" for letter in text):
        return text, "plain"
    return base64.b64encode(text.encode()).decode(), "base64"


def _format(value: SignedMeterValue) -> str:
    try:
        parse_ocmf(value.data)
    except NotOcmf:
        return printable(value.encoding) or "UNKNOWN"
    return "OCMF"
