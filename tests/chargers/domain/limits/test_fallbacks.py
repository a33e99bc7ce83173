"""What fallbacks need and cost as they are chosen, at 0 A and at the least, and the choice of several at once."""

import pytest

from chargers.domain.limits.fallbacks import Choice, choose_fallbacks, read_overview
from chargers.models import Connector, Make
from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.domain.commissioning import FallbacksDoNotFit
from grid.models import AuditEntry, Cluster
from tests.factories.chargers import ChargePointFactory, ConnectorFactory
from tests.factories.grid import CircuitFactory, ClusterFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    """32 A a phase, of which the building may take 8 A and the margin is 1 A."""
    limits = {f"limit_l{phase}_ma": 32_000 for phase in (1, 2, 3)}
    building = {f"base_load_max_l{phase}_ma": 8_000 for phase in (1, 2, 3)}
    return CircuitFactory(cluster=ClusterFactory(margin_ma=1_000, voltage_v=230), **limits, **building)


@pytest.fixture
def add(root):
    def add(**changes):
        return ConnectorFactory(circuit=root, **changes)

    return add


@pytest.fixture
def choose(root, now):
    def choose(to_ma, reason=""):
        return choose_fallbacks(
            root.cluster,
            to_ma={one.pk: ma for one, ma in to_ma.items()},
            actor=SYSTEM,
            now=now,
            reason=reason,
        )

    return choose


def outlooks(root):
    return {outlook.choice: outlook for outlook in read_overview(root.cluster).outlooks}


def test_room_is_what_limit_building_and_margin_leave(root, add):
    add(phase_rotation="R", fallback_ma=None)
    add(fallback_ma=0)
    overview = read_overview(root.cluster)
    # 3 x 23 A at 230 V; and 16 A on one phase, which counts in full until a fallback is confirmed.
    assert (overview.usable_w, overview.connectors, overview.unconfirmed, overview.unconfirmed_w) == (
        15_870, 2, 1, 3_680,
    )  # fmt: skip


def test_each_choice_says_who_charges_on_and_what_it_costs(root, add):
    add(chosen_fallback_ma=10_000, phase_rotation="R")
    add(chosen_fallback_ma=0, phase_rotation="S")
    add(chosen_fallback_ma=0, fallback_ma=8_000, phase_rotation="T")
    by = outlooks(root)
    assert {choice: outlook.charge_on for choice, outlook in by.items()} == {
        Choice.NONE: 0, Choice.LEAST: 3, Choice.CHOSEN: 2,
    }  # fmt: skip
    # What a charger still holds counts until it took the new one.
    assert {choice: outlook.unreachable_w for choice, outlook in by.items()} == {
        Choice.NONE: 0, Choice.LEAST: 3 * 6 * 230, Choice.CHOSEN: 18 * 230,
    }  # fmt: skip
    assert by[Choice.CHOSEN].fits


def test_make_that_was_seen_to_wait_costs_nothing_while_it_is_reached(root, add):
    make = Make.objects.create(vendor="V", model="M", honours_relative=True)
    add(chosen_fallback_ma=10_000, charge_point__make=make, phase_rotation="R")
    add(chosen_fallback_ma=6_000, phase_rotation="R")
    chosen = outlooks(root)[Choice.CHOSEN]
    assert (chosen.idle_w, chosen.unreachable_w) == (6 * 230, 16 * 230)


def test_choice_that_does_not_fit_says_so(root, add):
    for _ in range(4):
        add()
    by = outlooks(root)
    assert {choice: outlook.fits for choice, outlook in by.items()} == {
        Choice.NONE: True, Choice.LEAST: False, Choice.CHOSEN: True,
    }  # fmt: skip
    assert {need.missing_ma for need in by[Choice.LEAST].needs} == {1_000}


def test_overview_takes_two_queries_however_many_connectors_there_are(
    root, add, now, django_assert_num_queries
):
    for _ in range(4):
        add(chosen_fallback_ma=6_000)
    add(retired_at=now)
    add(charge_point=ChargePointFactory(circuit=root, retired_at=now))
    cluster = Cluster.objects.get(pk=root.cluster_id)
    with django_assert_num_queries(2):
        assert read_overview(cluster).connectors == 4


@pytest.mark.promise("E7")
def test_several_are_judged_together_and_changed_or_left_together(add, choose):
    one, two = add(chosen_fallback_ma=16_000), add()
    with pytest.raises(FallbacksDoNotFit):
        choose({two: 8_000})
    assert not AuditEntry.objects.exists()
    # Neither fits before the other; together they do.
    assert choose({one: 8_000, two: 15_000}, "Chosen by the meeting") == 2
    chosen = dict(Connector.objects.values_list("pk", "chosen_fallback_ma"))
    assert chosen == {one.pk: 8_000, two.pk: 15_000}
    audited = {row.target_id: (row.before, row.after, row.reason) for row in AuditEntry.objects.all()}
    assert audited[str(one.pk)] == (
        {"chosen_fallback_ma": 16_000}, {"chosen_fallback_ma": 8_000}, "Chosen by the meeting",
    )  # fmt: skip


def test_same_choice_again_changes_nothing(add, choose):
    one = add(chosen_fallback_ma=8_000)
    assert choose({one: 8_000}) == 0
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("chosen_ma", [-1, 1, 5_999, 16_001])
def test_current_that_a_connector_can_not_fall_back_to_is_refused_for_all(add, choose, chosen_ma):
    one, two = add(), add()
    with pytest.raises(InvalidInput, match="6 to 16 A"):
        choose({one: 6_000, two: chosen_ma})
    assert set(Connector.objects.values_list("chosen_fallback_ma", flat=True)) == {0}


def test_connectors_of_another_cluster_are_not_touched(add, choose):
    stranger = ConnectorFactory()
    assert choose({stranger: 6_000, add(): 6_000}) == 1
    stranger.refresh_from_db()
    assert stranger.chosen_fallback_ma == 0
