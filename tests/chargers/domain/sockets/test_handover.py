"""What an installer is handed: an address and a code that hold whatever an identity and a key consist of."""

from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest

from chargers.domain.sockets.handover import Handover

HANDOVER = Handover("wss://charging.example.org", "RDAM 123", "a/b@c:d?e#f%20")


def test_address_has_the_identity_percent_encoded():
    assert HANDOVER.url == "wss://charging.example.org/ocpp/RDAM%20123"


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("wss://charging.example.org/", "wss://charging.example.org/ocpp/A1"),
        ("ws://192.0.2.7:8080", "ws://192.0.2.7:8080/ocpp/A1"),
        ("wss://example.org/evb/", "wss://example.org/evb/ocpp/A1"),
    ],
)
def test_address_follows_the_base(base, url):
    assert Handover(base, "A1", "k").url == url


def test_credentials_are_read_back_from_the_address_whatever_the_key():
    parts = urlsplit(HANDOVER.url_with_key)
    assert (parts.scheme, parts.hostname, parts.path) == ("wss", "charging.example.org", "/ocpp/RDAM%20123")
    assert (unquote(parts.username), unquote(parts.password)) == (HANDOVER.identity, HANDOVER.key)
    at_port = urlsplit(Handover("ws://192.0.2.7:8080", "A1", "k").url_with_key)
    assert (at_port.netloc, at_port.port) == ("A1:k@192.0.2.7:8080", 8080)


def test_code_for_a_page_has_shapes_alone():
    """A page's content security policy takes no style and no script."""
    svg = ET.fromstring(HANDOVER.qr_svg())
    tags = {element.tag.rpartition("}")[2] for element in svg.iter()}
    names = {name for element in svg.iter() for name in element.attrib}
    assert tags <= {"svg", "g", "path"}
    assert svg.attrib["class"] == "evb-qr"
    assert not names & {"style", "onload", "href"}
    assert HANDOVER.key not in HANDOVER.qr_svg()


def test_code_for_a_terminal_is_a_rectangle_of_half_blocks():
    code = Handover("wss://a", "A1", "k").qr_text()
    lines = code.splitlines()
    assert set(code) == set(" \n█▀▄")
    # Two rows of squares a line, as wide as a character is high.
    assert {len(line) for line in lines} == {2 * len(lines) - 1}
    assert Handover("wss://a", "A1", "other").qr_text() != code
