from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, DrawSource, SessionState
from grid.domain import own_load
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def root():
    return CircuitFactory()


def draw(circuit, current_ma, *, at=NOW):
    return SessionFactory(
        connector=ConnectorFactory(circuit=circuit, status=ConnectorStatus.CHARGING),
        state=SessionState.ACTIVE,
        plugged_at=NOW - timedelta(hours=1),
        started_at=NOW - timedelta(hours=1),
        current_l1_ma=current_ma,
        current_l2_ma=0,
        current_l3_ma=0,
        power_w=current_ma * 230 // 1000,
        draw_source=DrawSource.CURRENT,
        drawn_at=at,
        metered_at=at,
    )


def test_cars_count_on_their_circuit_and_on_all_above(root):
    panel = CircuitFactory(cluster=root.cluster, parent=root)
    draw(root, 6_000)
    draw(panel, 10_000)
    draw(CircuitFactory(), 16_000)
    assert [own_load.at_and_below(each, now=NOW) for each in (root, panel)] == [
        (16_000, 0, 0),
        (10_000, 0, 0),
    ]


def test_car_without_a_fresh_reading_counts_as_nothing(root):
    draw(root, 6_000, at=NOW - timedelta(minutes=10))
    assert own_load.at_and_below(root, now=NOW) == (0, 0, 0)


def test_measurer_that_registers_twice_is_asked_once(root, monkeypatch):
    monkeypatch.setattr(own_load, "_measurers", list(own_load._measurers))
    known = own_load._measurers[0]
    assert own_load.measures_own_load(known) is known
    draw(root, 6_000)
    assert own_load.at_and_below(root, now=NOW) == (6_000, 0, 0)
