import pytest
from django.test import override_settings

from chargers.domain.sockets import keys
from chargers.errors import WeakKey
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.chargers import ChargePointFactory

pytestmark = pytest.mark.promise("S3")


def test_new_key_is_twenty_random_bytes_in_hexadecimal():
    key = keys.new_key()
    assert len(bytes.fromhex(key)) == 20
    assert keys.new_key() != key


def test_key_is_the_same_as_characters_and_as_bytes():
    key = keys.new_key()
    assert (
        keys.hash_key(key.encode())
        == keys.hash_key(bytes.fromhex(key))
        == keys.hash_key(key.upper().encode())
    )


def test_password_that_is_no_hexadecimal_is_hashed_as_it_is():
    key_hash = keys.hash_key(b"a plain text password")
    assert keys.match_key(b"a plain text password", key_hash=key_hash) == (True, False)
    assert keys.match_key(b"a plain text passwore", key_hash=key_hash) == (False, False)


def test_missing_hash_matches_nothing():
    assert keys.match_key(b"", key_hash="") == (False, False)
    assert keys.match_key(b"0" * 64, key_hash="", next_key_hash="") == (False, False)


def test_hash_depends_on_the_pepper():
    key = keys.new_key().encode()
    with override_settings(CHARGER_KEY_PEPPER="another"):
        other = keys.hash_key(key)
    assert other != keys.hash_key(key)


def test_issued_key_is_kept_as_a_hash_and_the_act_in_the_trail(db, now):
    charge_point = ChargePointFactory()
    key = keys.issue_key(charge_point, actor=SYSTEM, now=now)
    charge_point.refresh_from_db()
    assert charge_point.key_hash == keys.hash_key(key.encode())
    entry = AuditEntry.objects.get()
    assert entry.action == "charge_point.key_issued"
    assert key not in str(entry.__dict__)


def test_rotated_key_leaves_the_old_one_valid(db, now):
    charge_point = ChargePointFactory()
    old = keys.issue_key(charge_point, actor=SYSTEM, now=now)
    new = keys.rotate_key(charge_point, actor=SYSTEM, now=now)
    hashes = {"key_hash": charge_point.key_hash, "next_key_hash": charge_point.next_key_hash}
    assert keys.match_key(old.encode(), **hashes) == (True, False)
    assert keys.match_key(new.encode(), **hashes) == (False, True)


@pytest.mark.parametrize("key", ["short", "x" * 41])
def test_key_of_the_wrong_length_is_refused(db, now, key):
    with pytest.raises(WeakKey):
        keys.issue_key(ChargePointFactory(), actor=SYSTEM, now=now, key=key)
