"""What flows to cars by circuit: only what was measured within half a minute."""

from datetime import timedelta

import pytest

from chargers.domain.metering.loads import by_circuit
from chargers.enums import DrawSource, PhaseRotation, SessionState
from chargers.models import StrayDraw
from evbalancer.common.units import PhaseMilliamps
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    return CircuitFactory()


@pytest.fixture
def plug(root, now):
    """A car that charges; give what was measured of it."""

    def plug(*, circuit=root, rotation=PhaseRotation.RST, **measured):
        values = {"drawn_at": now, "started_at": now, "plugged_at": now, "state": SessionState.ACTIVE}
        connector = ConnectorFactory(circuit=circuit, phase_rotation=rotation)
        return SessionFactory(connector=connector, **(values | measured))

    return plug


@pytest.fixture
def read(root, now):
    def read(at=now):
        return by_circuit(root.cluster, at)

    return read


def amps(l1=None, l2=None, l3=None):
    return {"current_l1_ma": l1, "current_l2_ma": l2, "current_l3_ma": l3, "draw_source": DrawSource.CURRENT}


def stray(connector, at, l1_ma):
    values = {
        "connector": connector,
        "community": connector.community,
        "drawn_at": at,
        "current_l1_ma": l1_ma,
    }
    StrayDraw.objects.create(source=DrawSource.CURRENT, **values)


def test_currents_of_one_circuit_are_summed_phase_by_phase(plug, read, root):
    below = CircuitFactory(cluster=root.cluster, parent=root)
    plug(**amps(10_000, 9_000, 8_000))
    plug(**amps(6_000, 0, 0))
    plug(circuit=below, **amps(0, 7_000, 0))
    plug(circuit=CircuitFactory(), **amps(1, 1, 1))
    assert read() == {
        root.pk: PhaseMilliamps(16_000, 9_000, 8_000),
        below.pk: PhaseMilliamps(0, 7_000, 0),
    }


def test_what_is_not_measured_or_older_than_half_a_minute_is_left_out(plug, read, root, now):
    plug(**amps(10_000))
    plug()
    plug(state=SessionState.FINISHED, **amps(9_000))
    assert read() == {root.pk: PhaseMilliamps(10_000, 0, 0)}
    assert read(now + timedelta(seconds=29)) == {root.pk: PhaseMilliamps(10_000, 0, 0)}
    assert read(now + timedelta(seconds=30)) == {}


def test_power_alone_flows_on_the_phases_that_the_connector_has(plug, read, root):
    plug(rotation=PhaseRotation.S, power_w=2_300)
    assert read() == {root.pk: PhaseMilliamps(0, 10_000, 0)}


def test_draw_without_a_transaction_counts_where_none_runs(plug, read, root, now):
    charging, idle = plug(**amps(10_000)).connector, ConnectorFactory(circuit=root)
    stray(charging, now, 32_000)
    stray(idle, now, 5_000)
    assert read() == {root.pk: PhaseMilliamps(15_000, 0, 0)}
    assert read(now + timedelta(seconds=30)) == {}


def test_number_of_queries_does_not_grow_with_the_cars(plug, read, now, django_assert_num_queries):
    for _ in range(3):
        stray(plug(**amps(1_000)).connector, now, 1)
    with django_assert_num_queries(2):
        read()
