"""What is believed of a peer, and by whose word."""

import base64
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from chargers.ocpp.sockets.peer import Peer, peer_of
from tests.factories.certificates import Authority

PROXY, STRANGER = "10.0.0.2", "203.0.113.9"


@pytest.fixture(autouse=True)
def trusted(settings):
    settings.OCPP_TRUSTED_PROXIES = ["10.0.0.0/24", "fd00::/8"]


@pytest.fixture(scope="module")
def certificate():
    return Authority().issue("CP-1", now=datetime.now(UTC)).certificate


def scope(client: str, *, scheme: str = "ws", **headers: str) -> dict:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"client": (client, 1234), "scheme": scheme, "headers": pairs}


def test_word_of_a_stranger_counts_for_nothing(certificate):
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    forged = scope(STRANGER, x_forwarded_for="192.0.2.1", x_forwarded_proto="https", x_client_cert=der)
    assert peer_of(forged) == Peer(STRANGER, is_secure=False)


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, 198.51.100.4", "198.51.100.4"),
        ("192.0.2.1, 198.51.100.4, 10.0.0.3", "198.51.100.4"),
        ("2001:db8::1", "2001:db8::1"),
        ("10.0.0.3", PROXY),
        ("", PROXY),
    ],
)
def test_address_is_the_last_that_no_proxy_of_ours_has(chain, address):
    assert peer_of(scope(PROXY, x_forwarded_for=chain)).address == address


def test_proxy_that_shows_as_ipv4_in_ipv6_is_the_same_proxy():
    assert peer_of(scope("::ffff:10.0.0.2", x_forwarded_for="192.0.2.1")).address == "192.0.2.1"


@pytest.mark.parametrize(
    ("proto", "is_secure"), [("https", True), ("wss", True), ("http", False), ("http, https", False)]
)
def test_tls_is_what_the_proxy_says(proto, is_secure):
    assert peer_of(scope(PROXY, x_forwarded_proto=proto)).is_secure is is_secure


def test_certificate_is_read_in_the_forms_that_proxies_send(certificate):
    der = certificate.public_bytes(Encoding.DER)
    plain, pem = base64.b64encode(der).decode(), certificate.public_bytes(Encoding.PEM).decode()
    for text in (plain, f":{plain}:", quote(pem), quote(pem, safe="")):
        assert peer_of(scope(PROXY, x_forwarded_proto="https", x_client_cert=text)).certificate == der


@pytest.mark.parametrize("text", ["", "no base64", "%%%", "-----BEGIN CERTIFICATE-----", "A" * 20_000])
def test_header_that_holds_no_certificate_is_none(text):
    assert peer_of(scope(PROXY, x_forwarded_proto="https", x_client_cert=text)).certificate is None


def test_certificate_without_tls_or_sent_twice_is_none(certificate):
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    assert peer_of(scope(PROXY, x_client_cert=der)).certificate is None
    twice = scope(PROXY, x_forwarded_proto="https", x_client_cert=der)
    twice["headers"].append((b"x-client-cert", der.encode()))
    assert peer_of(twice).certificate is None
