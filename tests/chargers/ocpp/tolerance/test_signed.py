"""What a meter signed is kept, whatever else of its sampled value can be read; and it is never a number."""

import pytest

from chargers.ocpp import tolerance
from chargers.ocpp.v16 import V16
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201

AT = "2026-01-01T00:00:00Z"
OCMF = 'OCMF|{"FV":"1.0","RD":[{"RV":1.5}]}|{"SD":"3045"}'
SIGNED_16 = {"value": OCMF, "format": "SignedData"}


def read(version, *values):
    place = {"connectorId": 1} if version is V16 else {"evseId": 1}
    payload = {**place, "meterValue": [{"timestamp": AT, "sampledValue": list(values)}]}
    schema = version.request_schema("MeterValues")
    found = tolerance.correct_call(version.package, "MeterValues", schema, payload).payload
    return found["meterValue"][0]["sampledValue"]


def signed(data=OCMF, **more):
    told = {"signedMeterData": data, "signingMethod": "", "encodingMethod": "OCMF", "publicKey": ""}
    return {"signedMeterValue": {**told, **more}}


@pytest.mark.parametrize(
    "told",
    [
        {**SIGNED_16, "unit": "encoded"},
        {**SIGNED_16, "measurand": "OCMF"},
        {**SIGNED_16, "phase": "all"},
        {"value": OCMF, "format": "signed_data"},
        {"value": OCMF, "format": "OCMF"},
        {"value": OCMF, "format": "???"},
        {"signedMeterValue": {"signedMeterData": OCMF}},
        {"signedMeterValue": OCMF},
    ],
)
def test_signed_value_of_16_is_kept_whatever_stands_beside_it(told):
    assert read(V16, {"value": 7}, told) == [{"value": "7"}, SIGNED_16]


@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
@pytest.mark.parametrize(
    "told",
    [
        signed(),
        {**signed(), "value": None},
        {**signed(), "value": "a lot"},
        {**signed(), "value": 5, "measurand": "Odd"},
        {"value": OCMF, "format": "SignedData", "signedMeterValue": signed()["signedMeterValue"]},
    ],
)
def test_signed_value_of_2_is_kept_without_its_number(version, told):
    assert read(version, {"value": "7"}, told) == [{"value": 7.0}, signed()]


@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
def test_signed_value_in_the_words_of_16_is_kept_on_2(version):
    (kept,) = read(version, SIGNED_16)
    assert (kept["signedMeterValue"]["signedMeterData"], "value" in kept) == (OCMF, False)


@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
def test_signed_data_is_whole_or_not_there(version):
    assert (
        read(version, {**signed("x" * 32_768), "value": 1})[0]["signedMeterValue"]["signedMeterData"]
        == "x" * 32_768
    )
    assert read(version, {**signed("x" * 32_769), "value": 1}) == [{"value": 1}]


def test_signed_value_without_its_data_costs_only_itself():
    assert read(
        V201, {"value": 1, "signedMeterValue": {"signingMethod": "x"}}, {"signedMeterValue": {}}, {"value": 2}
    ) == [
        {"value": 1},
        {"value": 2},
    ]
