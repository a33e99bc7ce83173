"""Signatures of meters, by values that real meters signed and by keys of our own on every curve."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from chargers.domain.metering.ocmf import CURVES, NotAKey, NotOcmf, is_signed_by, parse_ocmf, read_key

# Of a KEBA P30, as S.A.F.E. e.V. publishes it; and of a BAUER meter, as chargeIT publishes it with its tool. Facts of meters.
KEBA = (
    'OCMF|{"FV":"1.0","GI":"KEBA_KCP30","GS":"17619300","GV":"2.8.5","PG":"T32","IS":false,"IL":"NONE",'
    '"IF":["RFID_NONE","OCPP_NONE","ISO15118_NONE","PLMN_NONE"],"IT":"NONE","ID":"","RD":['
    '{"TM":"2019-08-13T10:03:15,000+0000 I","TX":"B","EF":"","ST":"G","RV":0.2596,"RI":"1-b:1.8.0","RU":"kWh"},'
    '{"TM":"2019-08-13T10:03:36,000+0000 R","TX":"E","EF":"","ST":"G","RV":0.2597,"RI":"1-b:1.8.0","RU":"kWh"}]}'
    '|{"SD":"304502200E2F107C987A300AC1695CA89EA149A8CDFA16188AF0A33EE64B67964AA943F9022100889A72B6D65364BEA8562E7F6A'
    '0253157ACFF84FE4929A93B5964D23C4265699"}'
)
KEBA_KEY = (
    "3059301306072A8648CE3D020106082A8648CE3D030107034200043AEEB45C392357820A58FDFB0857BD77ADA31585C61C430531DFA53B44"
    "0AFBFDD95AC887C658EA55260F808F55CA948DF235C2108A0D6DC7D4AB1A5E1A7955BE"
)
BAUER = (
    'OCMF|{"FV":"1.0","GI":"BAUER Electronic BSM-WS36A-H01-1311-0000","GS":"001BZR1521070003",'
    '"GV":"1.8:33C4:DB63, 08d1aa3","PG":"T22108","MV":"BAUER Electronic","MM":"BSM-WS36A-H01-1311-0000",'
    '"MS":"001BZR1521070003","IS":true,"IT":"UNDEFINED","ID":"chargeIT up 12*4, id: 12345678abcdef","RD":['
    '{"TM":"2020-10-08T10:27:37,000+0200 S","TX":"E","RV":150,"RI":"1-0:1.8.0*198","RU":"Wh","XV":88350,'
    '"XI":"1-0:1.8.0*255","XU":"Wh","XT":2,"RT":"AC","EF":"","ST":"G"}]}|{"SA":"ECDSA-secp256r1-SHA256",'
    '"SD":"3046022100fa544eb800c940b30a87d2c075a0797e5089092b77a47f76433e63cb06c8832d022100e0e3c8370e19b8ef4caf295e3f'
    '676b43b12e092507ee81edc8cc7b9b2c9569bb"}'
)
BAUER_KEY = (
    "3059301306072a8648ce3d020106082a8648ce3d030107034200044bfd02c1d85272ceea9977db26d72cc401d9e5602faeee7ec7b6b62f9c"
    "0cce34ad8d345d5ac0e8f65deb5ff0bb402b1b87926bd1b7fc2dbc3a9774e8e70c7254"
)
PAYLOAD = '{"FV":"1.0","PG":"T1", "RD":[]}'


def signed(curve, *, algorithm=None, encoding="hex", raw=False):
    """A value and its key, signed here."""
    private = ec.generate_private_key(CURVES[curve])
    told = private.sign(PAYLOAD.encode(), ec.ECDSA(hashes.SHA256()))
    if raw:
        half = (private.curve.key_size + 7) // 8
        told = b"".join(number.to_bytes(half, "big") for number in decode_dss_signature(told))
    written = told.hex() if encoding == "hex" else base64.b64encode(told).decode()
    section = {"SA": algorithm or f"ECDSA-{curve}-SHA256", "SE": encoding, "SD": written}
    return f"OCMF|{PAYLOAD}|{json.dumps(section)}", private.public_key()


@pytest.mark.parametrize(("told", "key"), [(KEBA, KEBA_KEY), (BAUER, BAUER_KEY)])
def test_value_of_a_real_meter_is_verified_and_one_changed_digit_is_noticed(told, key):
    assert is_signed_by(parse_ocmf(told), read_key(key))
    for was, now in (('"GS":"1', '"GS":"2'), ('"GS":"0', '"GS":"1'), ('","', '", "')):
        if was in told:
            assert not is_signed_by(parse_ocmf(told.replace(was, now, 1)), read_key(key))


def test_value_of_one_meter_is_not_that_of_another():
    assert not is_signed_by(parse_ocmf(KEBA), read_key(BAUER_KEY))


@pytest.mark.parametrize("wrap", [str, lambda text: base64.b64encode(text.encode()).decode(),
                                  lambda text: text.encode().hex().upper(), lambda text: f"  {text}\n"])  # fmt: skip
def test_value_is_read_however_ocpp_carries_it(wrap):
    assert is_signed_by(parse_ocmf(wrap(KEBA)), read_key(KEBA_KEY))


@pytest.mark.parametrize("curve", [each for each in CURVES if each != "secp192r1"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_every_curve_and_encoding_is_verified(curve, encoding):
    told, key = signed(curve, encoding=encoding)
    assert is_signed_by(parse_ocmf(told), key)


def test_signature_of_two_numbers_side_by_side_is_verified():
    told, key = signed("secp256r1", raw=True)
    assert is_signed_by(parse_ocmf(told), key)


def test_key_of_another_curve_fits_not():
    told, _ = signed("secp256k1")
    assert not is_signed_by(parse_ocmf(told), read_key(KEBA_KEY))


@pytest.mark.parametrize(
    "algorithm", ["ECDSA-secp192k1-SHA256", "RSA-2048-SHA256", "x", "ECDSA-secp256r1-MD5"]
)
def test_algorithm_that_nobody_can_check_is_named(algorithm):
    told, key = signed("secp256r1", algorithm=algorithm)
    with pytest.raises(NotOcmf):
        is_signed_by(parse_ocmf(told), key)


@pytest.mark.parametrize(
    "told",
    ["", "OCMF", "OCMF|", "OCMF|{}", "OCMF|{}|{}", 'OCMF|{}|{"SD":5}', 'OCMF|{}|{"SD":"xy"}', "OCMF|{|}|[]",
     'OCMF|{}|{"SD":"@@","SE":"base64"}', "EDL40;1", "[" * 100_000, f"OCMF|{'[' * 100_000}|{{}}", "ff" * 10],
)  # fmt: skip
def test_what_is_no_signed_value_is_refused(told):
    with pytest.raises(NotOcmf):
        parse_ocmf(told)


def test_key_is_read_in_each_way_that_people_write_it():
    key = read_key(KEBA_KEY)
    der = bytes.fromhex(KEBA_KEY)
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    ways = [
        base64.b64encode(der).decode(),
        pem.decode(),
        point.hex(),
        f"oca:base16:asn1:{KEBA_KEY}",
        " ".join(KEBA_KEY[at : at + 8] for at in range(0, len(KEBA_KEY), 8)),
    ]
    assert [read_key(way).public_numbers() for way in ways] == [key.public_numbers()] * len(ways)


@pytest.mark.parametrize(
    "told", ["", "x", "00", "3059", KEBA_KEY[:-2], "-----BEGIN PUBLIC KEY-----\nx\n", "é"]
)
def test_what_is_no_key_is_refused(told):
    with pytest.raises(NotAKey):
        read_key(told)
