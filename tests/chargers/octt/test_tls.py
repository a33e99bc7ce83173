"""OCTT 1.6 for a Central System: security profiles 2 and 3 over real TLS, and the certificates that it signs."""

import base64
import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import quote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from websockets.exceptions import ConnectionClosed, WebSocketException

from chargers.domain.orders import commands
from chargers.domain.sockets import certificates, keys
from chargers.enums import CommandKind, SecurityProfile
from chargers.models import ChargePoint, ChargePointCertificate, ChargerCommand
from chargers.orders.upkeep import Trigger
from evbalancer.ops.serving.tls import Tls
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.chargers.conftest import WAIT_S, Charger, until
from tests.chargers.ocpp.station import Station
from tests.factories.certificates import Authority, request_for

pytestmark = pytest.mark.promise("O19")
AUTHORITY = Authority()
NO_CREDENTIALS = {"additional_headers": {}}
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"a charge point's").decode(),
    "Sec-WebSocket-Protocol": "ocpp1.6",
}


@pytest.fixture
def secure(start_endpoint, connector, tmp_path):
    """A charge point that needs a certificate, and a server that ends TLS itself and asks for one."""
    now = datetime.now(UTC)
    ca, _ = AUTHORITY.write(tmp_path, "ca")
    cert, key = AUTHORITY.issue("server", now=now, address="127.0.0.1").write(tmp_path, "server")
    running = start_endpoint(**Tls(cert, key, ca).options())
    charger = Charger(f"wss://127.0.0.1:{running.port}", connector.charge_point.identity, "")
    charger.ssl = ssl.create_default_context(cafile=str(ca))
    require(SecurityProfile.CERTIFICATE)
    yield charger
    charger.close()


@pytest.fixture
def show(secure, tmp_path):
    """Let the charge point show a certificate from now on."""

    def show(issued):
        secure.ssl = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        if issued is not None:
            cert, key = issued.write(tmp_path, "client")
            secure.ssl.load_cert_chain(cert, key)
        return issued

    return show


def require(profile: SecurityProfile) -> None:
    ChargePoint.objects.update(security_profile=profile)


def refused(charger, *, key: str | None = None, additional_headers: dict[str, str] | None = None) -> int:
    """The status of a handshake, by a client that reads an answer of several TLS records to its end."""
    where = urlsplit(charger.url)
    if charger.ssl is None:
        opening = HTTPConnection(where.netloc, timeout=WAIT_S)
    else:
        opening = HTTPSConnection(where.netloc, timeout=WAIT_S, context=charger.ssl)
    said = base64.b64encode(f"{charger.identity}:{key or charger.key}".encode()).decode()
    headers = {"Authorization": f"Basic {said}"} if additional_headers is None else additional_headers
    with closing(opening):
        opening.request("GET", f"/ocpp/{quote(charger.identity)}", headers={**HANDSHAKE, **headers})
        return opening.getresponse().status


def test_TC_086_CSMS_tls_server_side_certificate(secure, connector):
    secure.key = _key(connector)
    require(SecurityProfile.TLS)
    secure.connect()
    assert secure.ws.socket.version() in {"TLSv1.2", "TLSv1.3"}
    assert secure.boot()["status"] == "Accepted"
    assert ChargePoint.objects.get().connected_profile == SecurityProfile.TLS
    secure.close()
    assert refused(secure, key="wrong") == 401
    assert refused(secure, **NO_CREDENTIALS) == 401


def test_TC_087_CSMS_tls_client_side_certificate(secure, show):
    issued = show(AUTHORITY.issue(secure.identity, now=datetime.now(UTC)))
    secure.connect(**NO_CREDENTIALS)
    assert secure.boot()["status"] == "Accepted"
    assert ChargePoint.objects.get().connected_profile == SecurityProfile.CERTIFICATE
    row = ChargePointCertificate.objects.get()
    assert (row.is_signed_here, row.not_after_at) == (False, issued.certificate.not_valid_after_utc)


def test_certificate_that_does_not_fit_opens_nothing(secure, show):
    now = datetime.now(UTC)
    show(AUTHORITY.issue("ANOTHER", now=now))
    assert refused(secure, **NO_CREDENTIALS) == 401
    for bad in (
        Authority().issue(secure.identity, now=now),
        AUTHORITY.issue(secure.identity, now=now, ends_at=now - timedelta(days=1)),
    ):
        show(bad)
        # TLS 1.3 lets the client finish first: it hears of the refusal with its first read.
        with pytest.raises((OSError, WebSocketException)):
            secure.connect(**NO_CREDENTIALS)
    assert ChargePoint.objects.get().connected_at is None


def test_station_below_its_security_profile_is_refused(secure, connector, show):
    secure.key = _key(connector)
    assert refused(secure) == 401
    show(AUTHORITY.issue(secure.identity, now=datetime.now(UTC)))
    secure.connect()
    assert "currentTime" in secure.call("Heartbeat")


def test_revoked_and_unpinned_certificates_open_nothing(secure, show):
    issued = show(AUTHORITY.issue(secure.identity, now=datetime.now(UTC)))
    secure.connect(**NO_CREDENTIALS).close()
    ChargePoint.objects.update(pinned_fingerprint="ab" * 32)
    assert refused(secure, **NO_CREDENTIALS) == 401
    ChargePoint.objects.update(pinned_fingerprint=certificates.read_certificate(issued.der).fingerprint)
    secure.connect(**NO_CREDENTIALS).call("Heartbeat")
    certificates.revoke_certificate(
        ChargePointCertificate.objects.get(), actor=SYSTEM, reason="Stolen", now=datetime.now(UTC)
    )
    # What it opened is closed too.
    assert ChargePoint.objects.get().connection_id is None
    with pytest.raises(ConnectionClosed) as closed:
        secure.receive()
    assert closed.value.rcvd.code == 1008
    secure.close()
    assert refused(secure, **NO_CREDENTIALS) == 401


def test_certificate_by_a_proxys_header_counts_from_the_proxy_only(charger, settings):
    require(SecurityProfile.CERTIFICATE)
    issued = AUTHORITY.issue(charger.identity, now=datetime.now(UTC))
    pem = issued.certificate.public_bytes(Encoding.PEM).decode()
    headers = {"X-Forwarded-Proto": "https", "X-Client-Cert": quote(pem)}
    assert refused(charger, additional_headers=headers) == 401
    settings.OCPP_TRUSTED_PROXIES = ["127.0.0.1"]
    charger.connect(additional_headers=headers)
    assert charger.boot()["status"] == "Accepted"
    charger.close()
    assert refused(charger, additional_headers={**headers, "X-Forwarded-Proto": "http"}) == 401


def test_proxy_says_tls_and_whom_the_throttle_counts(charger, settings):
    settings.OCPP_TRUSTED_PROXIES = ["127.0.0.1"]
    require(SecurityProfile.TLS)
    credentials = base64.b64encode(f"{charger.identity}:{charger.key}".encode()).decode()
    right = {"Authorization": f"Basic {credentials}", "X-Forwarded-Proto": "https"}
    charger.connect(additional_headers=right).close()
    assert refused(charger) == 401
    bad = {"X-Forwarded-For": "192.0.2.1"}
    answers = [refused(charger, additional_headers=bad) for _ in range(11)]
    assert answers == [401] * 10 + [429]
    assert refused(charger, additional_headers={"X-Forwarded-For": "192.0.2.2"}) == 401


# --- Signing


@pytest.fixture
def ca(settings, tmp_path):
    cert, key = AUTHORITY.write(tmp_path, "signer")
    settings.OCPP_CA_CERT, settings.OCPP_CA_KEY = str(cert), str(key)


def test_TC_074_CSMS_update_certificate_signed_here(ca, online, connector):
    csr, key = request_for(online.identity)
    assert online.call("SignCertificate", {"csr": csr}) == {"status": "Accepted"}
    chain = online.expect("CertificateSigned")["certificateChain"]
    made = x509.load_pem_x509_certificate(chain.encode())
    made.verify_directly_issued_by(AUTHORITY.certificate)
    assert made.public_key() == key.public_key()
    assert made.subject.rfc4514_string() == f"CN={online.identity},O=Garage e.V."
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    row = ChargePointCertificate.objects.get()
    assert (row.is_signed_here, row.not_after_at) == (True, made.not_valid_after_utc)
    sent = ChargerCommand.objects.filter(kind=CommandKind.SEND_CERTIFICATE, state="accepted")
    until(sent.exists)
    assert AuditEntry.objects.get(action="certificate.signed").after["fingerprint"] == row.fingerprint


def test_certificate_signed_here_opens_the_socket_and_the_pin_follows(ca, secure, show, tmp_path):
    old = show(AUTHORITY.issue(secure.identity, now=datetime.now(UTC)))
    ChargePoint.objects.update(pinned_fingerprint=certificates.read_certificate(old.der).fingerprint)
    secure.connect(**NO_CREDENTIALS).boot()
    csr, key = request_for(secure.identity)
    assert secure.call("SignCertificate", {"csr": csr}) == {"status": "Accepted"}
    made = x509.load_pem_x509_certificate(secure.expect("CertificateSigned")["certificateChain"].encode())
    secure.close()
    show(type(old)(made, key))
    secure.connect(**NO_CREDENTIALS).close()
    assert (
        ChargePoint.objects.get().pinned_fingerprint
        == certificates.read_certificate(type(old)(made, key).der).fingerprint
    )
    show(old)
    assert refused(secure, **NO_CREDENTIALS) == 401


@pytest.mark.parametrize("name", ["ANOTHER", ""])
def test_request_for_another_name_is_rejected(ca, online, name):
    csr, _ = request_for(name or " ")
    assert online.call("SignCertificate", {"csr": csr}) == {"status": "Rejected"}
    assert ChargePointCertificate.objects.count() == 0
    assert AuditEntry.objects.filter(action="certificate.refused").count() == 1


def test_request_is_rejected_where_there_is_no_authority(online):
    csr, _ = request_for(online.identity)
    assert online.call("SignCertificate", {"csr": csr}) == {"status": "Rejected"}


def _key(connector) -> str:
    return keys.issue_key(connector.charge_point, actor=SYSTEM, now=datetime.now(UTC))


def sign_as(charger, **more):
    csr, _ = request_for(charger.identity)
    return charger.call("SignCertificate", {"csr": csr, **more})["status"]


@pytest.mark.parametrize(
    ("subprotocol", "told"),
    [
        ("ocpp2.0.1", {}),
        ("ocpp2.0.1", {"certificateType": "ChargingStationCertificate"}),
        ("ocpp2.1", {"certificateType": "ChargingStationCertificate", "requestId": 7}),
        ("ocpp2.1", {"requestId": 8}),
        ("ocpp2.1", {"requestId": 0}),
        ("ocpp2.1", {"requestId": -1}),
        ("ocpp2.1", {"requestId": 2**40}),
    ],
)
def test_certificate_comes_with_what_its_request_said(ca, charger, subprotocol, told):
    station = Station(charger, subprotocol=subprotocol).connect()
    station.boot()
    assert sign_as(charger, **told) == "Accepted"
    sent = charger.expect("CertificateSigned")
    assert {name: value for name, value in sent.items() if name != "certificateChain"} == told


@pytest.mark.parametrize("kind", ["V2GCertificate", "V2G20Certificate"])
def test_certificate_for_cars_is_signed_only_when_it_was_asked_for(ca, charger, connector, kind):
    station = Station(charger, subprotocol="ocpp2.1").connect()
    station.boot()
    assert sign_as(charger, certificateType=kind, requestId=1) == "Rejected"
    assert ChargePointCertificate.objects.count() == 0
    connector.charge_point.refresh_from_db()
    commands.queue_command(
        connector.charge_point,
        Trigger(message="SignV2GCertificate"),
        by="test",
        now=datetime.now(UTC),
    )
    charger.expect("TriggerMessage")
    assert sign_as(charger, certificateType=kind, requestId=2) == "Accepted"
    sent = charger.expect("CertificateSigned")
    assert (sent["certificateType"], sent["requestId"]) == (kind, 2)
