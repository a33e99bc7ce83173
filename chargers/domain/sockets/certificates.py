"""Client certificates of charge points: which are accepted, and the signing of new ones.

The chain is verified where TLS ends. Here the subject must be the charge point (OCPP 1.6 security whitepaper, section 4:
its identity is the CN), the time must be right, and nothing revoked or other than the pinned one is taken.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState, SecurityProfile
from chargers.errors import BadCertificateRequest
from chargers.events import CredentialsRevoked
from chargers.models import ChargePoint, ChargePointCertificate, ChargerCommand
from chargers.orders.trust import SendCertificate
from chargers.orders.words import ChainUse
from evbalancer.common.events import publish
from grid.domain import audit
from grid.enums import ActorKind

MOST_A_DAY = 10
MIN_RSA_BITS = 2048
MIN_EC_BITS = 224
SEND_WITHIN_S = 86_400
# Uses of a certificate that cars are shown, and what triggers a request for one.
TO_CARS = "vehicle_to_grid"
TO_CARS_TRIGGERS = ("SignV2GCertificate", "SignV2G20Certificate", "SignCombinedCertificate")
ASKED_WITHIN = timedelta(hours=1)
ENDS_SOON = timedelta(days=30)
# Its clock may lag behind ours.
BACKDATED = timedelta(hours=1)


def certificates_to_renew(*, now: datetime) -> QuerySet[ChargePointCertificate]:
    """In use, about to end or ended, and nothing newer is known of the charge point."""
    soon = now + ENDS_SOON
    rows = ChargePointCertificate.objects.filter(
        not_after_at__lte=soon, used_at__isnull=False, revoked_at=None, charge_point__retired_at=None
    )
    return rows.exclude(charge_point__certificates__not_after_at__gt=soon).select_related("charge_point")


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate that was shown at a handshake, read."""

    common_name: str
    fingerprint: str
    serial_number: str
    issuer: str
    not_before_at: datetime
    not_after_at: datetime

    def is_of(self, identity: str, *, now: datetime) -> bool:
        return self.common_name == identity and self.not_before_at <= now <= self.not_after_at


Known = dict[tuple[UUID, str], ChargePointCertificate]


def read_certificate(der: bytes | None) -> Shown | None:
    """None when there is none, or nothing that can be understood."""
    if not der:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
        return _shown(certificate)
    except (ValueError, UnsupportedAlgorithm):
        return None


def read_known(charge_points: Iterable[ChargePoint], shown: Iterable[Shown | None]) -> Known:
    """Rows of the certificates that these charge points show, by charge point and fingerprint."""
    fingerprints = {one.fingerprint for one in shown if one is not None}
    if not fingerprints:
        return {}
    rows = ChargePointCertificate.objects.filter(charge_point__in=charge_points, fingerprint__in=fingerprints)
    return {(row.charge_point_id, row.fingerprint): row for row in rows}


def fits_charge_point(
    shown: Shown | None, charge_point: ChargePoint, *, row: ChargePointCertificate | None, now: datetime
) -> bool:
    if shown is None or not shown.is_of(charge_point.identity, now=now):
        return False
    if row is not None and row.revoked_at is not None:
        return False
    is_pinned = charge_point.pinned_fingerprint in ("", shown.fingerprint)
    return is_pinned or (row is not None and row.is_signed_here)


def remember_use(
    shown: Shown, charge_point: ChargePoint, *, row: ChargePointCertificate | None, now: datetime
) -> None:
    """It connected with this certificate; a pin follows to the newer one that was signed here."""
    if row is None:
        _remember(charge_point, shown, is_signed_here=False, now=now, used_at=now)
    elif row.used_at is None:
        ChargePointCertificate.objects.filter(pk=row.pk).update(used_at=now)
    if charge_point.pinned_fingerprint not in ("", shown.fingerprint):
        charge_point.pinned_fingerprint = shown.fingerprint
        charge_point.save(update_fields=["pinned_fingerprint"])


def has_valid(charge_point: ChargePoint, *, now: datetime) -> bool:
    return ChargePointCertificate.objects.filter(
        charge_point=charge_point, revoked_at=None, not_before_at__lte=now, not_after_at__gt=now
    ).exists()


@transaction.atomic
def revoke_certificate(
    certificate: ChargePointCertificate, *, actor: audit.Actor, reason: str, now: datetime
) -> None:
    """It opens no socket any more, however long it would be valid, and one that a certificate opened is closed."""
    moved = ChargePointCertificate.objects.filter(pk=certificate.pk, revoked_at=None).update(revoked_at=now)
    if moved:
        audit.record_entry(
            actor=actor, action="certificate.revoked", target=certificate, now=now,
            after={"fingerprint": certificate.fingerprint}, reason=reason,
        )  # fmt: skip
        if certificate.charge_point.connected_profile == SecurityProfile.CERTIFICATE:
            publish(CredentialsRevoked(charge_point_id=certificate.charge_point_id))


# --- Signing


def answer_request(
    charge_point: ChargePoint, csr: str, *, now: datetime, use: str = "", request_number: int | None = None
) -> bool:
    """Sign the request and queue the certificate; False when there is no authority, or the request is not in order.

    The request's id goes back with the certificate, so that the charge point knows which one it is (2.0.1 A02.FR.13).
    """
    if not can_sign():
        return False
    actor = audit.Actor(ActorKind.CHARGER, str(charge_point.pk), charge_point.identity)
    try:
        _check_use(charge_point, use, now=now)
        certificate, chain = sign_certificate(charge_point, csr, now=now)
    except BadCertificateRequest as refusal:
        audit.record_entry(
            actor=actor,
            action="certificate.refused",
            target=charge_point,
            now=now,
            reason=refusal.detail[:200],
        )
        return False
    commands.queue_command(
        charge_point,
        SendCertificate(chain=chain, use=ChainUse(use) if use else None, request_number=request_number),
        by="certificates",
        now=now,
        expires_s=SEND_WITHIN_S,
    )
    audit.record_entry(
        actor=actor, action="certificate.signed", target=charge_point, now=now,
        after={"fingerprint": certificate.fingerprint, "not_after_at": certificate.not_after_at},
    )  # fmt: skip
    return True


def _check_use(charge_point: ChargePoint, use: str, *, now: datetime) -> None:
    """Our authority is for charge points; cars trust another one until a person says otherwise."""
    if use.startswith(TO_CARS) and not _was_asked_to(charge_point, now=now):
        raise BadCertificateRequest(gettext("A certificate for cars was not asked for."))


def _was_asked_to(charge_point: ChargePoint, *, now: datetime) -> bool:
    """Whether it was triggered to ask for a certificate for cars, a moment ago."""
    triggered = ChargerCommand.objects.filter(
        charge_point=charge_point,
        kind=CommandKind.TRIGGER,
        state__in=(CommandState.SENT, CommandState.ACCEPTED),
        sent_at__gt=now - ASKED_WITHIN,
    )
    return any(
        arguments.get("message") in TO_CARS_TRIGGERS
        for arguments in triggered.values_list("arguments", flat=True)
    )


def can_sign() -> bool:
    return bool(settings.OCPP_CA_CERT and settings.OCPP_CA_KEY)


def sign_certificate(
    charge_point: ChargePoint, csr: str, *, now: datetime
) -> tuple[ChargePointCertificate, str]:
    """A certificate for the key in `csr`, remembered, and its chain as PEM. Raises BadCertificateRequest."""
    if charge_point.connected_profile in (None, SecurityProfile.NONE):
        raise BadCertificateRequest(gettext("It connected without credentials."))
    day_ago = now - timedelta(days=1)
    if charge_point.certificates.filter(is_signed_here=True, created_at__gt=day_ago).count() >= MOST_A_DAY:
        raise BadCertificateRequest(
            gettext("It was signed %(most_a_day)s certificates within a day.") % {"most_a_day": MOST_A_DAY}
        )
    request = _checked(csr, charge_point.identity)
    authority, key = _authority()
    if authority.not_valid_after_utc <= now:
        raise BadCertificateRequest(gettext("The certificate of our authority has expired."))
    made = _certificate(request, authority, key, now=now)
    pem = made.public_bytes(Encoding.PEM).decode()
    if authority.issuer != authority.subject:
        # The server that ends TLS knows the root; the certificates between it and the leaf must come along.
        pem += authority.public_bytes(Encoding.PEM).decode()
    return _remember(charge_point, _shown(made), is_signed_here=True, now=now), pem


def _checked(csr: str, identity: str) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        is_signed = request.is_signature_valid
        key = request.public_key()
        name = _common_name(request.subject)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadCertificateRequest(gettext("It can't be read.")) from error
    if not is_signed:
        raise BadCertificateRequest(gettext("Its signature does not fit its key."))
    if name != identity:
        raise BadCertificateRequest(gettext("Its common name is not the charge point's identity."))
    is_strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= MIN_EC_BITS
    )
    if not is_strong:
        raise BadCertificateRequest(gettext("Its key is too weak."))
    return request


def _certificate(
    request: x509.CertificateSigningRequest,
    authority: x509.Certificate,
    key: CertificateIssuerPrivateKeyTypes,
    *,
    now: datetime,
) -> x509.Certificate:
    end = min(now + timedelta(days=settings.OCPP_CERTIFICATE_DAYS), authority.not_valid_after_utc)
    # Only names and key are taken from the request, and none of the extensions that it asks for.
    kept = [
        x509.NameAttribute(name.oid, name.value)
        for name in request.subject
        if name.oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    ]
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(kept))
        .issuer_name(authority.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(request.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),  # type: ignore[arg-type]
            critical=False,
        )
    )
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _authority() -> tuple[x509.Certificate, CertificateIssuerPrivateKeyTypes]:
    return _loaded(settings.OCPP_CA_CERT, settings.OCPP_CA_KEY)


@lru_cache(maxsize=1)
def _loaded(certificate: str, key: str) -> tuple[x509.Certificate, CertificateIssuerPrivateKeyTypes]:
    private = load_pem_private_key(Path(key).read_bytes(), password=None)
    authority = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
    return authority, private  # type: ignore[return-value]  # of a kind that can sign, or signing says so


def _shown(certificate: x509.Certificate) -> Shown:
    return Shown(
        common_name=_common_name(certificate.subject),
        fingerprint=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        serial_number=f"{certificate.serial_number:x}",
        issuer=certificate.issuer.rfc4514_string(),
        not_before_at=certificate.not_valid_before_utc,
        not_after_at=certificate.not_valid_after_utc,
    )


def _common_name(name: x509.Name) -> str:
    """The one common name; none when there are several, of which each reader would take another."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if len(found) == 1 else ""


def _remember(
    charge_point: ChargePoint,
    shown: Shown,
    *,
    is_signed_here: bool,
    now: datetime,
    used_at: datetime | None = None,
) -> ChargePointCertificate:
    return ChargePointCertificate.objects.create(
        community_id=charge_point.community_id,
        charge_point=charge_point,
        fingerprint=shown.fingerprint,
        serial_number=shown.serial_number[:48],
        issuer=shown.issuer[:200],
        not_before_at=shown.not_before_at,
        not_after_at=shown.not_after_at,
        is_signed_here=is_signed_here,
        created_at=now,
        used_at=used_at,
    )
