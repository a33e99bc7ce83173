"""Who gets a socket, and what everybody else sees."""

import time
from datetime import UTC, datetime
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from django.core.exceptions import ValidationError
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chargers.domain.sockets import keys
from chargers.enums import OcppVersion
from chargers.models import ChargePoint
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import Charger, until
from tests.factories.chargers import ConnectorFactory

NO_HEADERS = {"additional_headers": {}}


def refused(charger, **how) -> int:
    with pytest.raises(InvalidStatus) as refusal:
        charger.connect(**how)
    return refusal.value.response.status_code


@pytest.mark.promise("S1")
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"key": "wrong"}, id="wrong key"),
        pytest.param({"key": ""}, id="empty key"),
        pytest.param(NO_HEADERS, id="no credentials"),
        pytest.param({"additional_headers": {"Authorization": "Bearer abc"}}, id="another scheme"),
        pytest.param({"additional_headers": {"Authorization": "Basic %%%"}}, id="no base64"),
        pytest.param({"additional_headers": {"Authorization": "Basic"}}, id="nothing"),
    ],
)
def test_socket_without_the_right_key_is_refused_and_nothing_changes(charger, how):
    before = ChargePoint.objects.values().get()
    assert refused(charger, **how) == 401
    assert ChargePoint.objects.values().get() == before


@pytest.mark.promise("S1")
def test_key_of_another_charge_point_is_refused(charger, add_charger):
    assert refused(charger, key=add_charger().key) == 401


@pytest.mark.promise("S1")
def test_user_name_that_is_not_the_path_is_refused(charger, add_charger):
    other = add_charger()
    mixed = Charger(charger.url, charger.identity, charger.key)
    mixed.identity = other.identity
    assert refused(mixed, key=charger.key) == 401


@pytest.mark.promise("S1")
def test_unknown_charge_point_sees_the_same_in_the_same_time(charger):
    nobody = Charger(charger.url, "NOBODY", charger.key)
    took_ms: dict[str, list[float]] = {"known": [], "unknown": []}
    for _ in range(20):
        for who, knocker in (("known", charger), ("unknown", nobody)):
            began_s = time.perf_counter()
            with pytest.raises(InvalidStatus) as refusal:
                knocker.connect(key="wrong")
            took_ms[who].append((time.perf_counter() - began_s) * 1_000)
            assert refusal.value.response.status_code in {401, 429}
    # The quickest of each: what else this machine does is in the others.
    assert abs(min(took_ms["known"]) - min(took_ms["unknown"])) < 20


def test_key_is_taken_as_characters_and_as_bytes(charger):
    for key in (charger.key, charger.key.upper(), bytes.fromhex(charger.key)):
        charger.connect(key=key)
        charger.call("Heartbeat")
        charger.close()


def test_identity_with_a_colon_and_a_plus_gets_in(add_charger):
    connector = ConnectorFactory(charge_point__identity="DE*ABC:E+1@x|y=z")
    charger = add_charger(connector).connect()
    assert "currentTime" in charger.call("Heartbeat")


def test_path_with_a_slash_at_its_end_is_the_same_charge_point(charger):
    charger.connect(path=f"{charger.identity}/")
    assert "currentTime" in charger.call("Heartbeat")


@pytest.mark.promise("S3")
def test_rotated_key_takes_over_at_its_first_login(charger, connector):
    new = keys.rotate_key(connector.charge_point, actor=SYSTEM, now=datetime.now(UTC))
    charger.connect().close()
    charger.connect(key=new).close()
    assert refused(charger) == 401
    charger.connect(key=new)


@pytest.mark.promise("S2")
def test_eleventh_bad_handshake_in_a_minute_is_shut_out_and_the_right_key_still_gets_in(charger, caplog):
    answers = [refused(charger, key="wrong") for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert "Too many bad handshakes" in caplog.text
    assert charger.key not in caplog.text
    charger.connect()
    assert "currentTime" in charger.call("Heartbeat")


@pytest.mark.promise("O17")
@pytest.mark.parametrize("subprotocols", [None, ("ocpp1.5", "soap")])
def test_socket_without_a_common_subprotocol_opens_and_closes(charger, subprotocols):
    charger.connect(subprotocols=subprotocols)
    assert charger.ws.subprotocol is None
    with pytest.raises(ConnectionClosed) as closing:
        charger.ws.recv(timeout=5)
    assert closing.value.rcvd.code == 1002
    assert ChargePoint.objects.get().connection_id is None


@pytest.mark.promise("O17")
def test_subprotocol_is_chosen_from_what_is_offered(charger):
    charger.connect(subprotocols=("ocpp1.5", "ocpp1.6", "soap"))
    assert charger.ws.subprotocol == "ocpp1.6"


@pytest.mark.promise("O17")
def test_newest_subprotocol_that_both_speak_is_chosen_and_remembered(charger):
    charger.connect(subprotocols=("ocpp1.6", "ocpp2.0.1"))
    assert charger.ws.subprotocol == "ocpp2.0.1"
    assert ChargePoint.objects.get().ocpp_version == OcppVersion.V201
    station = {"model": "Typed", "vendorName": "Hand", "serialNumber": "1", "firmwareVersion": "2"}
    booted = charger.call("BootNotification", {"reason": "PowerUp", "chargingStation": station})
    assert booted["status"] == "Accepted"
    charge_point = ChargePoint.objects.get()
    assert (charge_point.vendor, charge_point.model) == ("Hand", "Typed")


@pytest.mark.promise("O17")
def test_pinned_version_is_spoken_though_a_newer_one_is_offered(charger):
    ChargePoint.objects.update(pinned_ocpp_version=OcppVersion.V16)
    charger.connect(subprotocols=("ocpp2.1", "ocpp2.0.1", "ocpp1.6"))
    assert charger.ws.subprotocol == "ocpp1.6"
    assert ChargePoint.objects.get().ocpp_version == OcppVersion.V16


@pytest.mark.promise("O17")
def test_charge_point_that_does_not_offer_its_pinned_version_gets_no_other(charger, caplog):
    ChargePoint.objects.update(pinned_ocpp_version=OcppVersion.V201)
    charger.connect(subprotocols=("ocpp2.1", "ocpp1.6"))
    assert charger.ws.subprotocol is None
    with pytest.raises(ConnectionClosed) as closing:
        charger.ws.recv(timeout=5)
    assert closing.value.rcvd.code == 1002
    assert "does not offer ocpp2.0.1, which is pinned" in caplog.text
    charge_point = ChargePoint.objects.get()
    assert (charge_point.connection_id, charge_point.ocpp_version) == (None, "")


def test_open_socket_is_online_and_a_closed_one_is_not(charger):
    charger.connect().call("Heartbeat")
    station = ChargePoint.objects.get()
    assert station.online_until > datetime.now(UTC)
    charger.close()
    until(lambda: ChargePoint.objects.get().connection_id is None)
    assert ChargePoint.objects.get().online_until is None


@pytest.mark.parametrize("identity", ["RDAM 123", "A%B", "Q?x=1", "P#1", "(A), B & C"])
def test_identity_that_has_to_be_percent_encoded_gets_in(add_charger, identity):
    """OCPP 1.6J section 3.1.1 has `RDAM 123` as its example."""
    connector = ConnectorFactory(charge_point__identity=identity)
    connector.charge_point.full_clean()
    charger = add_charger(connector).connect(path=quote(identity, safe=""))
    assert "currentTime" in charger.call("Heartbeat")


@pytest.mark.parametrize("name", ["RDAM%7C123", "RDAM%7c123", "RDAM|123", "R%44AM|123"])
def test_user_name_may_be_percent_encoded_in_any_way(add_charger, name):
    charger = add_charger(ConnectorFactory(charge_point__identity="RDAM|123"))
    path, charger.identity = quote(charger.identity, safe=""), name
    charger.connect(path=path)
    assert "currentTime" in charger.call("Heartbeat")


@pytest.mark.parametrize("identity", [" A", "A ", "A  B", "A/B", "A\0", "A\n", "Ä", "x" * 49, ""])
def test_identity_that_no_url_can_hold_safely_is_not_registered(connector, identity):
    connector.charge_point.identity = identity
    with pytest.raises(ValidationError):
        connector.charge_point.full_clean()


@pytest.mark.promise("S1")
@pytest.mark.parametrize("path", ["X%00", "%00", "X%00Y", "X%0A", "%ED%A0%80", "x" * 300, "%FF", ""])
def test_path_that_is_no_identity_is_a_stranger_like_any_other_and_asks_no_database(
    charger, endpoint, monkeypatch, path
):
    monkeypatch.setattr(endpoint.ocpp.writer, "submit", Mock(side_effect=AssertionError))
    answers = [refused(charger, path=path) for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2
