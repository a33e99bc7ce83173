from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

MAX_CERTIFICATES = 20


def certificate_hash_data(pem: str) -> dict[str, str]:
    """CertificateHashDataType of a certificate, as OCSP identifies it; ValueError when it is none."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key = _key_bits(certificate.public_key())
    return {
        "hash_algorithm": "SHA256",
        "issuer_name_hash": hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        "issuer_key_hash": hashlib.sha256(key).hexdigest(),
        "serial_number": format(certificate.serial_number, "x"),
    }


def _key_bits(key: object) -> bytes:
    """The bit string of a public key without its algorithm (RFC 6960 section 4.1.1)."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    raise ValueError("only EC and RSA keys are supported")


@dataclass(slots=True)
class TrustStore:
    """The certificates a charge point was given, and its own key."""

    roots: dict[str, list[tuple[str, dict[str, str]]]] = field(default_factory=dict)
    chain: str = ""
    _key: ec.EllipticCurvePrivateKey | None = None

    def install(self, use: str, pem: str) -> str:
        """The status of InstallCertificate."""
        try:
            hashes = certificate_hash_data(pem)
        except ValueError:
            return "Rejected"
        if sum(len(stored) for stored in self.roots.values()) >= MAX_CERTIFICATES:
            return "Rejected"
        stored = self.roots.setdefault(use, [])
        if all(known != hashes for _, known in stored):
            stored.append((pem, hashes))
        return "Accepted"

    def installed(self, use: str) -> list[dict[str, str]]:
        return [hashes for _, hashes in self.roots.get(use, [])]

    def delete(self, wanted: dict[str, Any]) -> str:
        """The status of DeleteCertificate."""
        for stored in self.roots.values():
            for entry in stored:
                if all(
                    str(wanted.get(name, "")).lower() == value.lower() for name, value in entry[1].items()
                ):
                    stored.remove(entry)
                    return "Accepted"
        return "NotFound"

    def signing_request(self, *, common_name: str, organisation: str) -> str:
        """A fresh key and its PEM certificate signing request."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
            ]
        )
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self._key, SHA256())
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def accept_chain(self, pem: str) -> str:
        """The status of CertificateSigned: only a certificate for the key that was asked for."""
        try:
            leaf = x509.load_pem_x509_certificates(pem.encode())[0]
        except ValueError:
            return "Rejected"
        if self._key is None or leaf.public_key() != self._key.public_key():
            return "Rejected"
        self.chain = pem
        return "Accepted"


def signature_is_plausible(signature: str) -> bool:
    """Base64 that could be a signature; a simulated update has no real file to verify."""
    try:
        return len(base64.b64decode(signature, validate=True)) >= 32
    except ValueError:
        return False
