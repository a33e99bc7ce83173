from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from scheduling.domain.views import analytics
from scheduling.models import FairnessEntry
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
END = NOW + timedelta(hours=2)


@pytest.fixture
def connector():
    return ConnectorFactory()


def entry(connector, driver, *, at=NOW, **amounts):
    return FairnessEntry.objects.create(
        community=connector.community,
        cluster=connector.circuit.cluster,
        driver=driver,
        session=SessionFactory(connector=connector, driver=driver, plugged_at=NOW, state=SessionState.ENDED),
        at=at,
        **amounts,
    )


def report_of(connector):
    return analytics.report_fairness(connector.circuit.cluster, start=NOW, end=END)


@pytest.mark.parametrize(
    ("shares", "jain", "gini", "worst"),
    [
        ([], None, None, None),
        ([0.5, 0.5], 1.0, 0.0, 0.5),
        ([1.0, 0.0], 0.5, 0.5, 0.0),
        ([0.0, 0.0], 1.0, 0.0, 0.0),
        ([0.2, 0.4, 0.6], 6 / 7, 2 / 9, 0.2),
    ],
)
def test_indices_have_their_textbook_values(shares, jain, gini, worst):
    known = (analytics.jain_index(shares), analytics.gini_index(shares), analytics.worst_decile(shares))
    assert known == pytest.approx((jain, gini, worst)) if shares else known == (None, None, None)


def test_deciles_hide_behind_at_least_five():
    assert analytics.share_deciles([0.1] * 4) is None
    assert analytics.share_deciles([0.0, 0.25, 0.5, 0.75, 1.0]) == [
        0.0,
        0.25,
        0.25,
        0.5,
        0.5,
        0.75,
        0.75,
        1.0,
        1.0,
    ]


def test_report_sums_each_drivers_sessions_in_the_period(connector):
    short, served = DriverFactory.create_batch(2, community=connector.community)
    entry(connector, short, wanted_wh=20_000, received_wh=5_000)
    entry(connector, short, wanted_wh=20_000, received_wh=15_000, at=NOW + timedelta(hours=1))
    entry(connector, served, wanted_wh=10_000, received_wh=10_000)
    entry(connector, served, wanted_wh=99_000, received_wh=0, at=NOW - timedelta(days=1))
    report = analytics.report_fairness(connector.circuit.cluster, start=NOW, end=NOW + timedelta(hours=2))
    assert [
        (line.driver_id, line.sessions, line.met, line.received_wh, line.satisfaction)
        for line in report.lines
    ] == [
        (short.pk, 2, 0, 20_000, 0.5),
        (served.pk, 1, 1, 10_000, 1.0),
    ]
    assert (report.sessions, report.met_share, report.satisfaction) == (3, pytest.approx(1 / 3), 0.6)


def test_report_of_a_period_in_which_nobody_charged_knows_nothing(connector, django_assert_num_queries):
    driver = DriverFactory(community=connector.community)
    entry(connector, driver, wanted_wh=10_000, received_wh=0, at=END)
    with django_assert_num_queries(1):
        report = report_of(connector)
    assert (report.sessions, report.lines) == (0, ())
    unknown = (report.met_share, report.jain, report.gini, report.satisfaction, report.waited_s)
    assert set(unknown) == {None}


def test_what_a_driver_gave_up_is_owed_to_nobody(connector):
    driver = DriverFactory(community=connector.community)
    entry(connector, driver, wanted_wh=20_000, given_up_wh=10_000, received_wh=10_000, waited_s=60)
    report = report_of(connector)
    assert (report.met_share, report.satisfaction, report.waited_s) == (1.0, 1.0, 60)
    assert (report.lines[0].due_wh, report.lines[0].given_up_wh) == (10_000, 10_000)


def test_who_gave_up_all_is_satisfied_and_weighs_nothing(connector):
    gave_up, short = DriverFactory.create_batch(2, community=connector.community)
    entry(connector, gave_up, wanted_wh=90_000, given_up_wh=90_000, received_wh=0)
    entry(connector, short, wanted_wh=10_000, received_wh=4_000)
    report = report_of(connector)
    assert [(line.driver_id, line.satisfaction) for line in report.lines] == [
        (short.pk, 0.4),
        (gave_up.pk, 1.0),
    ]
    assert report.satisfaction == pytest.approx(0.4)


def test_driver_who_received_more_than_was_wanted_makes_up_for_no_other(connector):
    rich, short = DriverFactory.create_batch(2, community=connector.community)
    entry(connector, rich, wanted_wh=10_000, received_wh=30_000)
    entry(connector, short, wanted_wh=10_000, received_wh=0)
    assert report_of(connector).satisfaction == 0.5


@pytest.mark.parametrize(("received_wh", "met"), [(9_500, 1), (9_499, 0)])
def test_session_is_met_from_95_per_cent_of_what_was_due(connector, received_wh, met):
    entry(connector, DriverFactory(community=connector.community), wanted_wh=10_000, received_wh=received_wh)
    assert report_of(connector).lines[0].met == met
