"""Signed meter values on the wire: kept with their session, unaltered, once, and never taken for a register."""

import json

import pytest

from chargers.models import OcppMessage, OrphanMessage, Session, SignedMeterValue, WaitingStart
from tests.asserts.http import assert_problem, client_of
from tests.chargers.conftest import utc_now
from tests.chargers.ocpp.station import Station
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory, manager_of

OCMF = 'OCMF|{"FV":"1.0","GI":"ÄB 1","PG":"T12345","MV":"Typed","RD":[{"TM":"2026-01-01T10:00:00,000+0100 S","TX":"B","RV":%s,"RU":"kWh","ST":"G"}]}|{"SA":"ECDSA-secp256r1-SHA256","SD":"3045022100..\\n=="}'
BEGIN, END = OCMF % "1.000", OCMF % "9.000"
KEY = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" + "A" * 60
pytestmark = pytest.mark.django_db(transaction=True)


def moment(*values):
    return {"timestamp": utc_now(), "sampledValue": list(values)}


def signed_16(data, context="Transaction.Begin", **more):
    return {"value": data, "format": "SignedData", "context": context, **more}


def signed_20(data, context="Transaction.Begin", wh=1_000, **more):
    told = {"signedMeterData": data, "signingMethod": "ECDSA", "encodingMethod": "OCMF", "publicKey": KEY}
    unit = {"unitOfMeasure": {"unit": "Wh"}}
    return {"value": wh, "context": context, "signedMeterValue": {**told, **more}, **unit}


@pytest.fixture
def tag(connector):
    driver = DriverFactory(community=connector.community)
    return IdTagFactory(driver=driver, token="TAG")


def kept() -> list[tuple[str, str]]:
    rows = SignedMeterValue.objects.order_by("received_at", "context")
    return list(rows.values_list("context", "data"))


def test_signed_values_of_16_are_kept_with_their_session(online, tag):
    transaction_id = online.start(meter_wh=1_000)["transactionId"]
    begin = {"connectorId": 1, "transactionId": transaction_id, "meterValue": [moment(signed_16(BEGIN))]}
    assert online.call("MeterValues", begin) == {}
    online.meter(transaction_id, 1_500)
    assert online.call("MeterValues", begin) == {}
    data = [moment(signed_16(BEGIN)), moment({"value": "1900"}, signed_16(END, "Transaction.End"))]
    for _ in range(2):
        online.stop(transaction_id, meter_wh=1_900, transactionData=data)
    session = Session.objects.get()
    assert (session.energy_wh, session.energy_doubt) == (900, "")
    assert kept() == [("Transaction.Begin", BEGIN), ("Transaction.End", END)]
    assert {row.encoding for row in session.signed_values.all()} == {"OCMF"}


@pytest.mark.parametrize(
    "value", [signed_16("99999999"), {"value": "OCMF|{}|{}"}, signed_16("AAEC/w==", unit="encoded")]
)
def test_signed_value_of_16_is_no_register_and_costs_no_message(online, tag, value):
    transaction_id = online.start(meter_wh=1_000)["transactionId"]
    told = {
        "connectorId": 1,
        "transactionId": transaction_id,
        "meterValue": [moment(value, {"value": "1200", "bad": 1})],
    }
    assert online.call("MeterValues", told) == {}
    online.stop(transaction_id, meter_wh=1_200)
    session = Session.objects.get()
    assert (session.energy_wh, session.energy_doubt) == (200, "")
    assert SignedMeterValue.objects.get().data == value["value"]


def test_key_inside_a_text_of_16_is_read_and_the_text_kept(online, tag):
    inside = {
        "signedMeterData": "T0NNRg==",
        "signingMethod": "ECDSA",
        "encodingMethod": "OCMF",
        "publicKey": KEY,
    }
    text = json.dumps(inside)
    online.start()
    online.call("MeterValues", {"connectorId": 1, "meterValue": [moment(signed_16(text))]})
    row = SignedMeterValue.objects.get()
    assert (row.data, row.encoding, row.method, row.public_key) == (text, "OCMF", "ECDSA", KEY)


@pytest.mark.parametrize("subprotocol", ["ocpp2.0.1", "ocpp2.1"])
def test_signed_values_of_2_are_kept_with_their_session(charger, tag, subprotocol):
    station = Station(charger, subprotocol=subprotocol).connect()
    station.boot()
    station.event("Started", 0, token="TAG", state="Charging", meterValue=[moment(signed_20(BEGIN))])
    for _ in range(2):
        station.event(
            "Updated",
            1,
            at="2026-01-01T00:00:01Z",
            meterValue=[moment(signed_20("middle", "Sample.Periodic", 1_400))],
        )
    station.call(
        "MeterValues", {"evseId": 1, "meterValue": [moment(signed_20("beside", "Sample.Clock", 1_500))]}
    )
    end = [moment(signed_20(BEGIN)), moment(signed_20(END, "Transaction.End", 1_900, publicKey=""))]
    station.event("Ended", 2, meterValue=end)
    session = Session.objects.get()
    assert session.energy_wh == 900
    assert kept() == [
        ("Transaction.Begin", BEGIN),
        ("Sample.Periodic", "middle"),
        ("Sample.Clock", "beside"),
        ("Transaction.End", END),
    ]
    first, *_, last = session.signed_values.order_by("received_at")
    assert (first.method, first.public_key, last.public_key) == ("ECDSA", KEY, "")


def test_signed_value_that_the_schema_of_201_has_no_room_for_is_kept_whole(charger, tag):
    station = Station(charger).connect()
    station.boot()
    long = OCMF % ("1" * 4_000)
    value = {name: told for name, told in signed_20(long).items() if name != "value"}
    station.event("Started", 0, token="TAG", state="Charging", meterValue=[moment(value)])
    assert SignedMeterValue.objects.get().data == long


def test_signed_start_without_an_evse_waits_for_one(charger, tag, connector):
    ConnectorFactory(charge_point=connector.charge_point, circuit=connector.circuit, number=2)
    station = Station(charger).connect()
    station.boot()
    station.event("Started", 0, token="TAG", evse=None, meterValue=[moment(signed_20(BEGIN))])
    assert WaitingStart.objects.get().signed[0]["data"] == BEGIN
    station.event("Updated", 1, state="Charging", evse=2)
    assert kept() == [("Transaction.Begin", BEGIN)]
    assert Session.objects.get().signed_values.get().measured_at is not None


def test_signed_values_are_bounded_and_the_ends_have_places_of_their_own(online, tag):
    transaction_id = online.start()["transactionId"]
    for batch in range(3):
        values = [signed_16(f"{batch} {number}", "Sample.Periodic") for number in range(100)]
        online.call(
            "MeterValues",
            {"connectorId": 1, "transactionId": transaction_id, "meterValue": [moment(*values)]},
        )
    data = [moment(signed_16(END, "Transaction.End"), signed_16("x" * 32_769, "Transaction.End"))]
    online.stop(transaction_id, transactionData=data)
    assert SignedMeterValue.objects.count() == 201
    assert SignedMeterValue.objects.get(context="Transaction.End").data == END


def test_signed_value_of_no_known_transaction_is_in_the_message_that_is_kept_aside(online):
    online.stop(4711, transactionData=[moment(signed_16(END, "Transaction.End"))])
    assert not SignedMeterValue.objects.exists()
    assert END in json.dumps(OrphanMessage.objects.get().payload, ensure_ascii=False).replace(
        '\\"', '"'
    ).replace("\\\\", "\\")


@pytest.mark.promise("S7")
def test_signed_values_are_for_their_driver_and_the_managers(online, tag, connector):
    online.start()
    online.call("MeterValues", {"connectorId": 1, "meterValue": [moment(signed_16(BEGIN))]})
    session = Session.objects.get()
    address = f"/drivers/sessions/{session.pk}/signed-values"
    for user in (tag.driver.user, manager_of(connector.community)):
        (row,) = client_of(user).get(address).json()["results"]
        assert (row["data"], row["context"], row["encoding"]) == (BEGIN, "Transaction.Begin", "OCMF")
    for user in (DriverFactory(community=connector.community).user, DriverFactory().user):
        assert_problem(client_of(user).get(address), 404, "not_found")


def test_log_keeps_no_second_copy_of_what_was_signed_on_the_way(online, tag):
    online.start()
    online.call("MeterValues", {"connectorId": 1, "meterValue": [moment(signed_16(BEGIN))]})
    assert not OcppMessage.objects.filter(action="MeterValues").exists()


def test_end_with_a_night_of_signed_values_is_taken_and_keeps_both_ends(online, tag):
    transaction_id = online.start(meter_wh=1_000)["transactionId"]
    data = [moment(signed_16(f"{number}" + "x" * 3_000, "Sample.Periodic")) for number in range(300)]
    ends = [moment(signed_16(BEGIN)), *data, moment(signed_16(END, "Transaction.End"))]
    online.stop(transaction_id, meter_wh=1_500, transactionData=ends)
    session = Session.objects.get()
    assert (session.energy_wh, session.signed_values.count()) == (500, 202)
    assert {BEGIN, END} <= set(session.signed_values.values_list("data", flat=True))


def test_signed_value_that_comes_after_the_end_is_kept_with_its_session(online, tag):
    transaction_id = online.start(meter_wh=1_000)["transactionId"]
    online.stop(transaction_id, meter_wh=1_500)
    late = {
        "connectorId": 1,
        "transactionId": transaction_id,
        "meterValue": [moment(signed_16(END, "Transaction.End"))],
    }
    assert online.call("MeterValues", late) == {}
    session = Session.objects.get()
    assert (session.energy_wh, session.signed_values.get().data) == (500, END)
