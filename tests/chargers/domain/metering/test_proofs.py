"""Whether what a meter signed is genuine, and the file with which others find out."""

import base64
from xml.etree.ElementTree import fromstring

import pytest

from chargers.domain.metering.meter_keys import register_key
from chargers.domain.metering.proofs import WORDS, Proof, judge_value, write_transparency_file
from chargers.models import SignedMeterValue
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.chargers.domain.metering.test_ocmf import BAUER_KEY, KEBA, KEBA_KEY
from tests.factories.chargers import SessionFactory

pytestmark = pytest.mark.django_db
EVIL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;</signedData></value>"\' ]]>'


@pytest.fixture
def value(connector, now):
    session = SessionFactory(connector=connector, plugged_at=now)

    def value(data=KEBA, **more):
        more = {"context": "Transaction.Begin", **more}
        session.refresh_from_db()
        return SignedMeterValue.objects.create(
            community=connector.community,
            session=session,
            received_at=now,
            data=data,
            digest=f"{hash((data, *more.items()))}",
            **more,
        )

    return value


def test_registered_key_proves_a_value(value, connector, now):
    register_key(connector, KEBA_KEY, actor=SYSTEM, now=now)
    assert judge_value(value()) == Proof.VERIFIED
    assert judge_value(value(KEBA.replace("0.2597", "0.9597"))) == Proof.NOT_GENUINE


def test_key_that_the_charge_point_sent_is_marked_as_such(value):
    assert judge_value(value(public_key=KEBA_KEY)) == Proof.VERIFIED_BY_SENT_KEY
    assert judge_value(value(KEBA + " ", public_key=BAUER_KEY)) == Proof.NOT_GENUINE


def test_registered_key_counts_and_not_the_one_that_was_sent(value, connector, now):
    register_key(connector, BAUER_KEY, actor=SYSTEM, now=now)
    assert judge_value(value(public_key=KEBA_KEY)) == Proof.NOT_GENUINE


def test_without_a_key_nothing_is_known_and_other_formats_are_left_to_others(value):
    assert judge_value(value()) == Proof.UNKNOWN_KEY
    assert judge_value(value(KEBA + "\n", public_key="no key")) == Proof.UNKNOWN_KEY
    assert judge_value(value("EDL40;1;2", public_key=KEBA_KEY)) == Proof.NOT_CHECKABLE


def test_key_is_registered_once_audited_and_refused_where_it_is_none(connector, now):
    spaced = " ".join(KEBA_KEY[at : at + 4] for at in range(0, len(KEBA_KEY), 4))
    register_key(connector, spaced, actor=SYSTEM, now=now)
    register_key(connector, KEBA_KEY, actor=SYSTEM, now=now)
    with pytest.raises(InvalidInput, match="no public key"):
        register_key(connector, "x", actor=SYSTEM, now=now)
    connector.refresh_from_db()
    assert connector.registered_meter_key == KEBA_KEY
    assert AuditEntry.objects.filter(action="connector.meter_key_registered").count() == 1
    register_key(connector, "", actor=SYSTEM, now=now)
    assert connector.registered_meter_key == ""


def test_file_has_each_value_as_it_came_beside_its_key(value):
    rows = [
        value(public_key=KEBA_KEY),
        value(base64.b64encode(KEBA.encode()).decode(), context="Transaction.End"),
    ]
    root = fromstring(write_transparency_file(rows))
    told = [(each.get("transactionId"), each.get("context"), each[0].attrib, each[0].text) for each in root]
    plain = {"format": "OCMF", "encoding": "plain"}
    assert told == [("1", "Transaction.Begin", plain, KEBA), ("2", "Transaction.End", plain, KEBA)]
    assert [each.tag for each in root[0]] == ["signedData", "publicKey"]
    assert (root[0][1].text, len(root[1])) == (KEBA_KEY, 1)


@pytest.mark.parametrize("text", [EVIL, "a\x01b", "\ufffe", "&amp;", " lines\nstay "])
def test_nothing_that_a_charge_point_sent_becomes_markup(value, text):
    row = value(text, context=text[:24], encoding=text[:50], public_key=text)
    root = fromstring(write_transparency_file([row]))
    assert [each.tag for each in root.iter()] == ["values", "value", "signedData", "publicKey"]
    data = root[0][0]
    told = data.text if data.get("encoding") == "plain" else base64.b64decode(data.text).decode()
    assert told == text


def test_every_proof_has_its_words():
    assert set(WORDS) == set(Proof)
