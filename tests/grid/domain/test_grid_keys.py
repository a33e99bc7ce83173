import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from evbalancer.common.errors import StateMoved
from evbalancer.common.security import encryption
from grid.domain import grid_keys
from grid.domain.audit import SYSTEM
from grid.domain.grid_keys import KeyRefused
from grid.enums import GridKeyPurpose
from grid.models import AuditEntry, GridKey
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
AGE = timedelta(minutes=5)
BODY = b'{"pct": 50}'


@pytest.fixture
def circuit():
    return CircuitFactory()


def issue(circuit, purpose):
    return grid_keys.issue_grid_key(circuit, purpose=purpose, label="Cellar", actor=SYSTEM, now=NOW)


def signature_of(secret, timestamp, body=BODY):
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def stamp(moment):
    return str(int(moment.timestamp()))


def test_meters_key_is_stored_as_a_hash_alone(circuit):
    key, text = issue(circuit, GridKeyPurpose.METER)
    assert key.secret == ""
    assert text not in (key.key_hash, str(AuditEntry.objects.get().after))
    assert grid_keys.find_bearer(f"Bearer {text}", purpose=GridKeyPurpose.METER) == key


def test_key_that_signs_is_stored_encrypted_and_opens_nothing_as_a_bearer(circuit):
    key, text = issue(circuit, GridKeyPurpose.LIMITS)
    assert text not in key.secret
    assert encryption.decrypt(key.secret) == text
    with pytest.raises(KeyRefused):
        grid_keys.find_bearer(f"Bearer {text}", purpose=GridKeyPurpose.METER)


def test_key_is_revoked_once_and_heard_no_more(circuit):
    key, text = issue(circuit, GridKeyPurpose.METER)
    grid_keys.revoke_grid_key(key, actor=SYSTEM, reason="Lost", now=NOW)
    with pytest.raises(KeyRefused):
        grid_keys.find_bearer(f"Bearer {text}", purpose=GridKeyPurpose.METER)
    with pytest.raises(StateMoved):
        grid_keys.revoke_grid_key(key, actor=SYSTEM, reason="Lost", now=NOW + AGE)
    assert GridKey.objects.get().revoked_at == NOW
    assert AuditEntry.objects.get(action="grid_key.revoked").reason == "Lost"


@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_signer_is_found_by_a_signature_as_old_as_it_may_be(circuit, prefix):
    key, secret = issue(circuit, GridKeyPurpose.LIMITS)
    for moment in (NOW - AGE, NOW, NOW + AGE):
        timestamp = stamp(moment)
        signature = prefix + signature_of(secret, timestamp)
        found = grid_keys.find_signer(key.pk, signature=signature, timestamp=timestamp, body=BODY, now=NOW)
        assert found == key


def test_signature_that_is_too_old_or_too_new_is_refused(circuit):
    key, secret = issue(circuit, GridKeyPurpose.LIMITS)
    for moment in (NOW - AGE - timedelta(seconds=1), NOW + AGE + timedelta(seconds=1)):
        timestamp = stamp(moment)
        signature = signature_of(secret, timestamp)
        with pytest.raises(KeyRefused, match="check the clock"):
            grid_keys.find_signer(key.pk, signature=signature, timestamp=timestamp, body=BODY, now=NOW)


# The second one is a digit to Python, and no number; the last ones are more than a number may have.
@pytest.mark.parametrize("timestamp", ["", "²", "-1", "1.5", "now", "9" * 400, "9" * 5_000])
def test_timestamp_that_is_no_number_is_refused_though_it_is_signed(circuit, timestamp):
    key, secret = issue(circuit, GridKeyPurpose.LIMITS)
    signature = signature_of(secret, timestamp)
    with pytest.raises(KeyRefused):
        grid_keys.find_signer(key.pk, signature=signature, timestamp=timestamp, body=BODY, now=NOW)


def test_signature_signs_its_body_and_timestamp_alone(circuit):
    key, secret = issue(circuit, GridKeyPurpose.LIMITS)
    timestamp = stamp(NOW)
    signature = signature_of(secret, timestamp)
    for changed in ({"body": BODY + b" "}, {"timestamp": stamp(NOW + AGE)}, {"signature": "é"}):
        told = {"signature": signature, "timestamp": timestamp, "body": BODY} | changed
        with pytest.raises(KeyRefused):
            grid_keys.find_signer(key.pk, **told, now=NOW)


def test_unknown_and_revoked_signers_are_refused(circuit):
    key, secret = issue(circuit, GridKeyPurpose.LIMITS)
    grid_keys.revoke_grid_key(key, actor=SYSTEM, reason="Lost", now=NOW)
    timestamp = stamp(NOW)
    signature = signature_of(secret, timestamp)
    for pk in (key.pk, uuid4()):
        with pytest.raises(KeyRefused):
            grid_keys.find_signer(pk, signature=signature, timestamp=timestamp, body=BODY, now=NOW)
