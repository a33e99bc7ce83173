"""A meter's gateway pushes readings, a grid operator lowers a limit: with keys of their own, and nothing else."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from grid.domain import grid_keys
from grid.domain.audit import SYSTEM
from grid.enums import GridKeyPurpose
from grid.models import AuditEntry, Circuit, GridKey, MeterReading, TemporaryLimit
from tests.e2e import site

pytestmark = pytest.mark.django_db
LOAD = {"l1_ma": 5_000, "l2_ma": 6_000, "l3_ma": 7_000}


@pytest.fixture
def circuit() -> Circuit:
    built = site.build().transformer
    built.has_meter = True
    built.save()
    return built


def _key(circuit: Circuit, purpose: GridKeyPurpose) -> tuple[GridKey, str]:
    return grid_keys.issue_grid_key(
        circuit, purpose=purpose, label="Cellar", actor=SYSTEM, now=datetime.now(UTC)
    )


def _push(text: str, **body: object) -> int:
    headers = {"Authorization": f"Bearer {text}"}
    return (
        Client()
        .post("/grid/meter", data={**LOAD, **body}, content_type="application/json", headers=headers)
        .status_code
    )


def _signal(
    key: GridKey, secret: str, *, at: float | None = None, **body: object
) -> tuple[int, dict[str, str]]:
    raw = json.dumps({"id": "event 1", "reason": "Grid", **body}).encode()
    timestamp = str(int(at if at is not None else time.time()))
    signature = hmac.new(secret.encode(), timestamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    headers = {
        "X-Grid-Key": str(key.pk),
        "X-Grid-Timestamp": timestamp,
        "X-Grid-Signature": f"sha256={signature}",
    }
    answer = Client().post("/grid/signal", data=raw, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


@pytest.mark.promise("E11")
def test_reading_is_pushed_with_the_meters_key(circuit: Circuit) -> None:
    _, text = _key(circuit, GridKeyPurpose.METER)
    assert _push(text) == 204
    reading = MeterReading.objects.get()
    assert (reading.circuit, reading.base_load_ma) == (circuit, (5_000, 6_000, 7_000))


@pytest.mark.parametrize("wrong", ["", "nonsense"])
def test_push_without_the_key_is_refused(circuit: Circuit, wrong: str) -> None:
    assert _push(wrong) == 401
    assert not MeterReading.objects.exists()


def test_push_with_a_revoked_key_or_one_for_limits_is_refused(circuit: Circuit) -> None:
    key, text = _key(circuit, GridKeyPurpose.METER)
    GridKey.objects.filter(pk=key.pk).update(revoked_at=datetime.now(UTC))
    assert _push(text) == 401
    assert _push(_key(circuit, GridKeyPurpose.LIMITS)[1]) == 401


@pytest.mark.parametrize(
    "bad",
    [
        {"l1_ma": 999_000},
        {"l1_ma": "much"},
        {"measured_at": "2100-01-01T00:00:00Z"},
        {"measured_at": "2026-01-01T00:00:00"},
        {"measured_at": "0001-01-01T00:00:00Z"},
    ],
)
def test_push_of_nonsense_is_refused(circuit: Circuit, bad: dict[str, object]) -> None:
    assert _push(_key(circuit, GridKeyPurpose.METER)[1], **bad) == 400
    assert not MeterReading.objects.exists()


def test_signed_signal_lowers_the_limit_once_however_often_it_comes(circuit: Circuit) -> None:
    key, secret = _key(circuit, GridKeyPurpose.LIMITS)
    first = _signal(key, secret, pct=50)
    assert (first[0], _signal(key, secret, pct=50)) == (201, (200, first[1]))
    limit = TemporaryLimit.objects.get()
    assert (limit.circuit, limit.limit_ma, limit.source) == (
        circuit,
        (37_500, 37_500, 37_500),
        "grid_operator",
    )
    assert AuditEntry.objects.get(action="limit.imposed").actor_label == "Cellar"


def test_push_to_a_circuit_without_a_meter_is_refused(circuit: Circuit) -> None:
    Circuit.objects.filter(pk=circuit.pk).update(has_meter=False)
    assert _push(_key(circuit, GridKeyPurpose.METER)[1]) == 400


def test_other_signal_under_a_known_id_is_refused(circuit: Circuit) -> None:
    key, secret = _key(circuit, GridKeyPurpose.LIMITS)
    assert _signal(key, secret, pct=50)[0] == 201
    status, problem = _signal(key, secret, pct=10)
    assert (status, problem["code"]) == (409, "idempotency_key_reused")
    assert TemporaryLimit.objects.count() == 1


def test_signal_with_a_wrong_signature_or_an_old_one_is_refused(circuit: Circuit) -> None:
    key, secret = _key(circuit, GridKeyPurpose.LIMITS)
    assert _signal(key, "guess", pct=50)[0] == 401
    assert _signal(key, secret, pct=50, at=time.time() - 301)[0] == 401
    assert not TemporaryLimit.objects.exists()


def test_refused_signal_can_be_sent_again(circuit: Circuit) -> None:
    key, secret = _key(circuit, GridKeyPurpose.LIMITS)
    assert _signal(key, secret)[0] == 400
    assert _signal(key, secret, limit_ma=20_000)[0] == 201


def test_push_of_what_was_measured_long_ago_is_refused_and_says_why(circuit: Circuit) -> None:
    _, text = _key(circuit, GridKeyPurpose.METER)
    now = datetime.now(UTC)
    assert _push(text, measured_at=(now - timedelta(minutes=2)).isoformat()) == 400
    assert not MeterReading.objects.exists()
    assert _push(text, measured_at=(now - timedelta(seconds=20)).isoformat()) == 204


def test_push_says_which_phase_is_not_measured(circuit: Circuit) -> None:
    _, text = _key(circuit, GridKeyPurpose.METER)
    assert _push(text, l2_ma=None) == 204
    assert MeterReading.objects.get().base_load_ma == (5_000, circuit.base_load_max_ma.l2, 7_000)
