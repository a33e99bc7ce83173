"""Signatures of meters in the Open Charge Metering Format (OCMF 1.x, S.A.F.E. e.V.): `OCMF|payload|signature`.

The signature is over the bytes of the payload as they came: parsed and written again they would be others. Pure.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

HEADER: Final = "OCMF|"
DEFAULT_ALGORITHM: Final = "ECDSA-secp256r1-SHA256"
# Table 22 of the format. No library of ours knows secp192k1.
CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "secp192r1": ec.SECP192R1(),
    "secp256k1": ec.SECP256K1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "brainpool256r1": ec.BrainpoolP256R1(),
    "brainpoolp256r1": ec.BrainpoolP256R1(),
    "brainpool384r1": ec.BrainpoolP384R1(),
    "brainpoolp384r1": ec.BrainpoolP384R1(),
}
HASHES: Final[dict[str, hashes.HashAlgorithm]] = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}
HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
# As a meter's key is printed: `oca:base16:asn1:3059...` names the encoding before it.
NAMED_KEY: Final = re.compile(r"oca:(?:base16|base64):asn1:(.+)", re.IGNORECASE | re.DOTALL)


class NotOcmf(ValueError):  # noqa: N818 (named for what happened)
    """The text is no value of this format."""


class NotAKey(ValueError):  # noqa: N818
    """The text is no public key of an elliptic curve."""


@dataclass(frozen=True, slots=True)
class Ocmf:
    """A signed value in its parts."""

    text: str
    payload: str
    algorithm: str
    signature: bytes

    @property
    def data(self) -> Any:
        """What the meter says, for people: the signature is over `payload`."""
        return json.loads(self.payload)


def parse_ocmf(told: str) -> Ocmf:
    """Of the text, or of base64 or hex of it, as OCPP carries it. Raises NotOcmf."""
    text = _text_of(told)
    payload, mark, end = text.removeprefix(HEADER).rpartition("|")
    if not mark:
        raise NotOcmf("there is no signature")
    try:
        section = json.loads(end)
        json.loads(payload)
        signed = section["SD"]
        encoding = str(section.get("SE", "hex")).lower()
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise NotOcmf("payload and signature are no JSON objects") from error
    if not isinstance(signed, str):
        raise NotOcmf("the signature is no text")
    return Ocmf(text, payload, str(section.get("SA") or DEFAULT_ALGORITHM), _decoded(signed, encoding))


def read_key(told: str) -> ec.EllipticCurvePublicKey:
    """Of DER (SubjectPublicKeyInfo) in hex or base64, PEM, or a point of secp256r1. Raises NotAKey."""
    text = told.strip()
    named = NAMED_KEY.fullmatch(text)
    text = "".join((named[1] if named else text).split()) if not text.startswith("-----") else text
    try:
        if text.startswith("-----"):
            key: Any = serialization.load_pem_public_key(text.encode())
        else:
            raw = bytes.fromhex(text) if HEX.fullmatch(text) else base64.b64decode(text, validate=True)
            key = _of_bytes(raw)
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        raise NotAKey("no public key can be read from it") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise NotAKey("it is a key of another kind")
    return key


def is_signed_by(value: Ocmf, key: ec.EllipticCurvePublicKey) -> bool:
    """Raises NotOcmf for an algorithm that nobody here can check."""
    curve, algorithm = _algorithm(value.algorithm)
    if curve.name != key.curve.name:
        return False
    try:
        key.verify(_der(value.signature, curve), value.payload.encode(), ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm as error:
        raise NotOcmf(f"{value.algorithm} can't be checked here") from error
    return True


def _algorithm(named: str) -> tuple[ec.EllipticCurve, hashes.HashAlgorithm]:
    parts = named.lower().split("-")
    curve = CURVES.get(parts[1]) if len(parts) == 3 else None
    algorithm = HASHES.get(parts[-1])
    if parts[0] != "ecdsa" or curve is None or algorithm is None:
        raise NotOcmf(f"{named[:60]} can't be checked here")
    return curve, algorithm


def _der(signature: bytes, curve: ec.EllipticCurve) -> bytes:
    """Some meters write both numbers side by side instead of DER."""
    half = (curve.key_size + 7) // 8
    if len(signature) != 2 * half or (signature[:1] == b"\x30" and len(signature) == signature[1] + 2):
        return signature
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    return encode_dss_signature(r, s)


def _of_bytes(raw: bytes) -> Any:
    if raw[:1] == b"\x30":
        return serialization.load_der_public_key(raw)
    point = raw if raw[:1] in (b"\x02", b"\x03", b"\x04") else b"\x04" + raw
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _text_of(told: str) -> str:
    text = told.strip()
    if text.startswith(HEADER):
        return text
    for decode in (bytes.fromhex, lambda each: base64.b64decode(each, validate=True)):
        try:
            inner = decode("".join(text.split())).decode()
        except (ValueError, binascii.Error):
            continue
        if inner.startswith(HEADER):
            return inner
    raise NotOcmf("it does not begin with OCMF|")


def _decoded(signed: str, encoding: str) -> bytes:
    try:
        return base64.b64decode(signed, validate=True) if encoding == "base64" else bytes.fromhex(signed)
    except (ValueError, binascii.Error) as error:
        raise NotOcmf(f"the signature is no {encoding[:20]}") from error
