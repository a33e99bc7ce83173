from datetime import UTC, datetime

import pytest

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.domain.circuits import add_circuit, change_circuit
from grid.domain.commissioning import FallbacksDoNotFit
from grid.models import AuditEntry, Circuit
from tests.factories.chargers import ConnectorFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def circuit():
    return CircuitFactory()


def change(circuit, **to):
    return change_circuit(circuit, to=to, actor=SYSTEM, now=NOW, reason="Bigger fuse")


def test_change_is_stored_and_audited_with_what_differed_alone(circuit):
    changed = change(circuit, limit_l1_ma=63_000, limit_l2_ma=48_000)
    assert changed.limit_ma == Circuit.objects.get().limit_ma == (63_000, 48_000, 48_000)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason) == ("circuit.changed", "Bigger fuse")
    assert (entry.before, entry.after) == ({"limit_l1_ma": 48_000}, {"limit_l1_ma": 63_000})


def test_change_to_what_it_is_already_leaves_no_trace(circuit):
    assert change(circuit, limit_l1_ma=48_000) == circuit
    assert not AuditEntry.objects.exists()


def test_change_is_judged_by_the_stored_row_and_not_by_the_callers_copy(circuit):
    Circuit.objects.update(limit_l2_ma=20_000)
    assert change(circuit, limit_l1_ma=63_000).limit_ma == (63_000, 20_000, 48_000)


@pytest.mark.parametrize(
    ("to", "field"),
    [
        ({"limit_l1_ma": -1}, "limit_l1_ma"),
        ({"has_meter": True}, "base_load_max_l1_ma"),
        ({"name": ""}, "name"),
    ],
)
def test_change_that_can_not_be_is_refused_with_its_field(circuit, to, field):
    with pytest.raises(InvalidInput) as refused:
        change(circuit, **to)
    assert refused.value.field == field
    assert not AuditEntry.objects.exists()


def test_limit_that_the_fallbacks_exceed_is_refused_with_the_missing_amperes(circuit):
    ConnectorFactory(circuit=circuit, chosen_fallback_ma=16_000)
    with pytest.raises(FallbacksDoNotFit) as refused:
        change(circuit, limit_l2_ma=10_000)
    assert refused.value.facts == {
        "missing": [{"circuit_id": str(circuit.pk), "phase": 2, "missing_ma": 6_000}]
    }
    assert Circuit.objects.get().limit_l2_ma == 48_000


def test_building_that_leaves_too_little_for_the_fallbacks_is_refused(circuit):
    ConnectorFactory(circuit=circuit, chosen_fallback_ma=16_000)
    with pytest.raises(FallbacksDoNotFit, match="need 1 A more"):
        change(circuit, base_load_max_l3_ma=33_000)
    assert change(circuit, base_load_max_l3_ma=32_000).base_load_max_l3_ma == 32_000


def test_new_circuit_is_judged_by_its_tree_and_recorded(circuit):
    values = {"community": circuit.community, "cluster": circuit.cluster}
    limits = {f"limit_l{phase}_ma": 20_000 for phase in (1, 2, 3)}
    added = add_circuit(Circuit(name="Panel", parent=circuit, **values, **limits), actor=SYSTEM, now=NOW)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_id, entry.after["limit_l1_ma"]) == (
        "circuit.added",
        str(added.pk),
        20_000,
    )
    for refused in (
        Circuit(name="Root", **values, **limits),
        Circuit(name="Panel", parent=circuit, **values, **limits),
    ):
        with pytest.raises(InvalidInput):
            add_circuit(refused, actor=SYSTEM, now=NOW)
    assert Circuit.objects.count() == 2
