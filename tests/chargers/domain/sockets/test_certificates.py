"""Which certificates open a socket, and which requests are signed (TLS itself and the wire: tests/chargers/octt/test_tls.py)."""

import base64
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from chargers.domain.sockets import certificates
from chargers.enums import SecurityProfile
from chargers.errors import BadCertificateRequest
from chargers.models import ChargePointCertificate, ChargerCommand
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.certificates import Authority, Issued, name_of, request_for

AUTHORITY = Authority()
DAY = timedelta(days=1)


@pytest.fixture
def now():
    """A day on which the authority is valid."""
    return AUTHORITY.certificate.not_valid_before_utc + 10 * DAY


@pytest.fixture
def station(connector):
    connector.charge_point.connected_profile = SecurityProfile.PASSWORD
    connector.charge_point.save()
    return connector.charge_point


@pytest.fixture
def ca(settings, tmp_path):
    def use(authority: Issued) -> None:
        cert, key = authority.write(tmp_path, "signer")
        settings.OCPP_CA_CERT, settings.OCPP_CA_KEY = str(cert), str(key)

    use(AUTHORITY)
    return use


@pytest.fixture
def show(now):
    def show(common_name, **more):
        return certificates.read_certificate(AUTHORITY.issue(common_name, now=now, **more).der)

    return show


@pytest.fixture
def remember(station, now):
    def remember(shown, **changes):
        values = {
            "charge_point": station, "community": station.community, "fingerprint": shown.fingerprint,
            "not_before_at": shown.not_before_at, "not_after_at": shown.not_after_at, "created_at": now,
        }  # fmt: skip
        return ChargePointCertificate.objects.create(**(values | changes))

    return remember


def csr_of(common_name, key, *, attributes=None) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name(attributes) if attributes else name_of(common_name)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def forged(csr: str) -> str:
    """The request with another last byte of its signature."""
    der = x509.load_pem_x509_csr(csr.encode()).public_bytes(Encoding.DER)
    body = base64.encodebytes(der[:-1] + bytes([der[-1] ^ 1])).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"


def is_let_in(station, shown, row, now):
    return certificates.fits_charge_point(shown, station, row=row, now=now)


@pytest.mark.parametrize("der", [None, b"", b"\x30\x03no", b"\x00" * 500])
def test_what_is_no_certificate_is_read_as_none(der):
    assert certificates.read_certificate(der) is None


def test_certificate_must_be_of_this_charge_point_and_of_now(show, station, now):
    shown = show(station.identity)
    assert is_let_in(station, shown, None, now)
    assert not is_let_in(station, None, None, now)
    assert not is_let_in(station, show("ANOTHER"), None, now)
    moments = [shown.not_before_at, shown.not_after_at]
    assert [is_let_in(station, shown, None, at) for at in moments] == [True, True]
    beyond = [shown.not_before_at - timedelta(seconds=1), shown.not_after_at + timedelta(seconds=1)]
    assert [is_let_in(station, shown, None, at) for at in beyond] == [False, False]


def test_revoked_certificate_opens_nothing_and_a_pin_lets_in_those_signed_here(show, station, remember, now):
    pinned, other = show(station.identity), show(station.identity)
    station.pinned_fingerprint = pinned.fingerprint
    row = remember(other)
    assert [is_let_in(station, pinned, None, now), is_let_in(station, other, row, now)] == [True, False]
    row.is_signed_here = True
    assert is_let_in(station, other, row, now)
    row.revoked_at = now
    assert not is_let_in(station, other, row, now)


def test_use_is_remembered_once_and_the_pin_follows(show, station, remember, now):
    first, newer = show(station.identity), show(station.identity)
    station.pinned_fingerprint = first.fingerprint
    certificates.remember_use(first, station, row=None, now=now)
    row = remember(newer, is_signed_here=True)
    for at in (now, now + DAY):
        known = certificates.read_known([station], [newer, None])[station.pk, newer.fingerprint]
        certificates.remember_use(newer, station, row=known, now=at)
    station.refresh_from_db()
    row.refresh_from_db()
    assert (station.pinned_fingerprint, row.used_at) == (newer.fingerprint, now)
    assert ChargePointCertificate.objects.get(fingerprint=first.fingerprint).used_at == now


def test_certificate_is_revoked_once_with_a_reason(show, station, remember, now):
    row = remember(show(station.identity))
    for at in (now, now + DAY):
        certificates.revoke_certificate(row, actor=SYSTEM, reason="Stolen", now=at)
    row.refresh_from_db()
    entry = AuditEntry.objects.get(action="certificate.revoked")
    assert (row.revoked_at, entry.reason, entry.after) == (now, "Stolen", {"fingerprint": row.fingerprint})
    assert not certificates.has_valid(station, now=now)


def test_signed_certificate_is_for_this_key_and_for_clients_alone(ca, station, now):
    csr, key = request_for(station.identity)
    row, pem = certificates.sign_certificate(station, csr, now=now)
    made = x509.load_pem_x509_certificate(pem.encode())
    made.verify_directly_issued_by(AUTHORITY.certificate)
    assert made.public_key() == key.public_key()
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    # Its clock may lag behind ours.
    assert made.not_valid_before_utc == (now - timedelta(hours=1)).replace(microsecond=0)
    assert (row.not_after_at, row.is_signed_here) == (made.not_valid_after_utc, True)
    assert made.not_valid_after_utc == (now + 365 * DAY).replace(microsecond=0)


def test_certificate_ends_with_its_authority_at_the_latest(ca, station, settings, now):
    settings.OCPP_CERTIFICATE_DAYS = 100_000
    row, _ = certificates.sign_certificate(station, request_for(station.identity)[0], now=now)
    assert row.not_after_at == AUTHORITY.certificate.not_valid_after_utc


@pytest.mark.parametrize("late", [timedelta(seconds=1), timedelta(hours=2), timedelta(days=400)])
def test_authority_that_has_ended_signs_nothing_and_says_so(ca, station, late):
    at = AUTHORITY.certificate.not_valid_after_utc + late
    csr, _ = request_for(station.identity)
    assert certificates.answer_request(station, csr, now=at) is False
    assert "authority" in AuditEntry.objects.get(action="certificate.refused").reason
    assert (ChargePointCertificate.objects.count(), ChargerCommand.objects.count()) == (0, 0)


def test_chain_of_an_intermediate_authority_comes_along(ca, station, now):
    middle = AUTHORITY.issue("Middle", now=now)
    ca(middle)
    _, pem = certificates.sign_certificate(station, request_for(station.identity)[0], now=now)
    chain = x509.load_pem_x509_certificates(pem.encode())
    assert [len(chain), chain[1]] == [2, middle.certificate]


def test_request_that_can_not_be_read_or_trusted_is_refused(ca, station, now):
    weak = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
    strong = ec.generate_private_key(ec.SECP256R1())
    two = [*name_of(station.identity), *name_of(station.identity)]
    refused = {
        "": "read", "\ud800": "read", "-----BEGIN CERTIFICATE REQUEST-----": "read",
        csr_of("ANOTHER", strong): "name", csr_of(station.identity.lower(), strong): "name",
        csr_of("", strong, attributes=two): "name",
        csr_of(station.identity, weak): "weak",
        forged(csr_of(station.identity, strong)): "fit",
    }  # fmt: skip
    for csr, why in refused.items():
        with pytest.raises(BadCertificateRequest, match=why):
            certificates.sign_certificate(station, csr, now=now)
    assert not ChargePointCertificate.objects.exists()


@pytest.mark.parametrize("profile", [None, SecurityProfile.NONE])
def test_charge_point_without_credentials_is_signed_nothing(ca, station, now, profile):
    station.connected_profile = profile
    with pytest.raises(BadCertificateRequest, match="credentials"):
        certificates.sign_certificate(station, request_for(station.identity)[0], now=now)


def test_ten_certificates_a_day_are_signed(ca, station, now):
    csr, _ = request_for(station.identity)
    signed = [certificates.answer_request(station, csr, now=now) for _ in range(certificates.MOST_A_DAY + 1)]
    assert signed == [True] * certificates.MOST_A_DAY + [False]
    assert certificates.answer_request(station, csr, now=now + DAY)
