"""Charge points of a list: found or made by identity, audited, and judged together."""

import pytest
from django.core.exceptions import ValidationError

from chargers.domain.stations import assets
from chargers.models import ChargePoint
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.chargers import ChargePointFactory, ConnectorFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster():
    return CircuitFactory().cluster


@pytest.fixture
def take(cluster, now):
    def take(identity="A1", name="A-01"):
        return assets.charge_point(cluster, identity=identity, name=name, actor=SYSTEM, now=now)

    return take


def audited():
    rows = AuditEntry.objects.order_by("action")
    return [(row.action, row.before, row.after) for row in rows]


def test_unknown_one_is_made_and_called_by_its_identity_where_no_name_is_given(take, cluster):
    made = take(name="")
    assert (made.name, made.cluster, made.community) == ("A1", cluster, cluster.community)
    after = {"identity": "A1", "name": "A1", "cluster_id": str(cluster.pk)}
    assert audited() == [("chargepoint.added", None, after)]


def test_known_one_is_renamed_only_where_another_name_is_given(take):
    made = take()
    assert [take(), take(name="")] == [made, made]
    assert len(audited()) == 1
    assert take(name="B-07").name == "B-07"
    assert ChargePoint.objects.get().name == "B-07"
    assert audited()[1:] == [("chargepoint.changed", {"name": "A-01"}, {"name": "B-07"})]


def test_identity_of_another_cluster_or_a_retired_charge_point_is_taken(take, cluster, now):
    ChargePointFactory(identity="theirs")
    ChargePointFactory(identity="old", cluster=cluster, retired_at=now)
    for identity in ("theirs", "old"):
        with pytest.raises(ValidationError, match="is taken"):
            take(identity)


@pytest.mark.parametrize(("identity", "name"), [("A/1", "A-01"), ("", ""), ("A1", "x" * 81)])
def test_what_a_charge_point_can_not_be_called_is_refused(take, identity, name):
    with pytest.raises(ValidationError):
        take(identity, name)
    assert not ChargePoint.objects.exists()
    take()
    with pytest.raises(ValidationError):
        take(name="x" * 81)


def test_import_of_a_connector_tells_all_of_a_new_one_and_the_change_of_an_old_one(now):
    connector = ConnectorFactory()
    assets.record_import(connector, before={}, actor=SYSTEM, now=now)
    before = assets.describe_wiring(connector)
    connector.max_current_ma = 20_000
    assets.record_import(connector, before=before, actor=SYSTEM, now=now)
    new = {
        "circuit_id": str(connector.circuit_id), "phase_rotation": "RST", "max_current_ma": 16_000,
        "min_current_ma": 6_000, "step_ma": 1_000, "chosen_fallback_ma": 0,
    }  # fmt: skip
    assert audited() == [
        ("connector.added", None, new),
        ("connector.changed", {"max_current_ma": 16_000}, {"max_current_ma": 20_000}),
    ]


@pytest.mark.promise("E7")
def test_clusters_are_judged_at_the_end_and_only_for_what_they_lack_more_than_before():
    tight, roomy = (ConnectorFactory(max_current_ma=32_000, circuit=CircuitFactory()) for _ in range(2))
    beside = ConnectorFactory(circuit=tight.circuit, max_current_ma=32_000, chosen_fallback_ma=20_000)
    judge = assets.Judge()
    for one in (tight, roomy):
        judge.lock(one.charge_point.cluster)
        one.chosen_fallback_ma = 30_000
        one.save()
    with pytest.raises(ValidationError, match="2 A more"):
        judge.check()
    # Half way it would not have fitted; in the end it does.
    beside.chosen_fallback_ma = 18_000
    beside.save()
    judge.check()
    beside.chosen_fallback_ma = 32_000
    beside.save()
    later = assets.Judge()
    later.lock(tight.charge_point.cluster)
    beside.chosen_fallback_ma = 31_000
    beside.save()
    later.check()
