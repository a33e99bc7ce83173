"""Limits of others bound what a connector can take: by origin, over time, and in amperes of a phase."""

from datetime import timedelta

import pytest

from chargers.domain.limits.external import bound_ma, store_external_limit
from chargers.models import Connector
from chargers.reports.base import STATION
from chargers.reports.news import ExternalLimitReport, LimitStep
from tests.factories.chargers import ConnectorFactory


@pytest.fixture
def tell(source, now):
    def tell(*steps, origin="EMS", number=STATION, **more):
        report = ExternalLimitReport(
            source=source, received_at=now, connector_number=number, origin=origin, steps=steps, **more
        )
        store_external_limit(report, now=now)

    return tell


@pytest.fixture
def read(connector, now):
    def read(after=timedelta(0), *, phases=3, of=connector):
        of.refresh_from_db()
        return bound_ma(of, phases=phases, volts=230, now=now + after)

    return read


@pytest.fixture
def at_s(now):
    return now.timestamp()


def test_step_counts_from_its_moment_until_the_next_whatever_their_order(tell, read, at_s):
    tell(LimitStep(at_s + 600, 8_000, None), LimitStep(at_s + 60, 16_000, None))
    assert [read(timedelta(seconds=s)) for s in (0, 59, 60, 599, 600, 86_400)] == [
        None, None, 16_000, 16_000, 8_000, 8_000,
    ]  # fmt: skip


def test_watts_are_of_all_phases_together(tell, read, at_s):
    tell(LimitStep(at_s, None, 6_900))
    assert [read(phases=phases) for phases in (3, 1, 0)] == [10_000, 30_000, 30_000]


def test_limit_of_zero_bounds_and_one_without_a_figure_does_not(tell, read, at_s, connector):
    tell(origin="SO")
    assert read() is None
    assert list(connector.external_limits) == ["SO"]
    tell(LimitStep(at_s, 0, None))
    assert read() == 0


def test_lowest_of_several_origins_counts_until_it_is_over(tell, read, at_s):
    tell(LimitStep(at_s, 16_000, None))
    tell(LimitStep(at_s, 10_000, None), origin="SO", is_grid_critical=True)
    assert read() == 10_000
    tell(origin="SO", is_over=True)
    assert read() == 16_000
    # The newest word of an origin replaces what it said before.
    tell(LimitStep(at_s, 20_000, None))
    assert read() == 20_000


def test_limit_is_of_one_connector_or_of_all_in_use(tell, read, at_s, connector, now):
    more = {"charge_point": connector.charge_point, "circuit": connector.circuit}
    second, retired = ConnectorFactory(number=2, **more), ConnectorFactory(number=3, retired_at=now, **more)
    tell(LimitStep(at_s, 16_000, None), number=2)
    assert [read(), read(of=second)] == [None, 16_000]
    tell(LimitStep(at_s, 12_000, None), origin="SO")
    assert [read(), read(of=second), read(of=retired)] == [12_000, 12_000, None]
    tell(LimitStep(at_s, 1_000, None), number=9)
    assert [set(one.external_limits) for one in Connector.objects.order_by("number")] == [
        {"SO"}, {"EMS", "SO"}, set(),
    ]  # fmt: skip
