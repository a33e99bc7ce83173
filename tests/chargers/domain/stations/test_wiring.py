"""People change a connector's wiring: judged with its cluster, audited, and the balancer woken."""

import pytest

from chargers.domain.stations.wiring import change_wiring
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.domain.commissioning import FallbacksDoNotFit
from grid.models import AuditEntry
from tests.factories.chargers import ConnectorFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector(connector):
    """On a root of 48 A, beside one that falls back to 20 A."""
    ConnectorFactory(circuit=connector.circuit, max_current_ma=32_000, chosen_fallback_ma=20_000)
    return connector


@pytest.fixture
def change(connector, now):
    def change(**to):
        return change_wiring(connector, to=to, actor=SYSTEM, now=now, reason="New cable")

    return change


def test_change_is_stored_with_what_it_was_and_why(change, connector):
    changed = change(phase_rotation="S", max_current_ma=16_000, min_current_ma=6_000)
    connector.refresh_from_db()
    assert (changed, connector.phase_rotation, connector.max_current_ma) == (connector, "S", 16_000)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_id, entry.reason) == (
        "connector.changed", str(connector.pk), "New cable",
    )  # fmt: skip
    # What stays the same is no change.
    assert entry.before == {"phase_rotation": "RST", "max_current_ma": 32_000}
    assert entry.after == {"phase_rotation": "S", "max_current_ma": 16_000}


def test_change_of_nothing_is_not_audited(change):
    change(phase_rotation="RST")
    assert not AuditEntry.objects.exists()


@pytest.mark.promise("E7")
def test_fallback_that_does_not_fit_is_refused_with_what_is_missing(change, connector):
    with pytest.raises(FallbacksDoNotFit) as refusal:
        change(chosen_fallback_ma=30_000)
    missing = [{"circuit_id": str(connector.circuit_id), "phase": n, "missing_ma": 2_000} for n in (1, 2, 3)]
    assert refusal.value.facts["missing"] == missing
    change(chosen_fallback_ma=28_000)
    connector.refresh_from_db()
    assert (connector.chosen_fallback_ma, AuditEntry.objects.count()) == (28_000, 1)


@pytest.mark.promise("E7")
def test_moved_connector_takes_its_fallback_along(change, connector):
    small = CircuitFactory(
        cluster=connector.circuit.cluster, parent=connector.circuit, limit_l1_ma=10_000, limit_l2_ma=10_000
    )
    change(circuit_id=small.pk)
    change(circuit_id=connector.circuit_id, chosen_fallback_ma=11_000)
    with pytest.raises(FallbacksDoNotFit):
        change(circuit_id=small.pk)


def test_circuit_of_another_cluster_and_currents_that_can_not_be_are_refused(change, connector):
    with pytest.raises(InvalidInput) as refusal:
        change(circuit_id=CircuitFactory().pk)
    assert refusal.value.field == "circuit"
    with pytest.raises(InvalidInput):
        change(max_current_ma=16_000, min_current_ma=20_000)
    connector.refresh_from_db()
    assert connector.max_current_ma == 32_000
    assert not AuditEntry.objects.exists()
