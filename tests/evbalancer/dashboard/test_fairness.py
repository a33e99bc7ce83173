"""The month's fairness on a page: names for managers only, 404 for who does not belong there."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from chargers.enums import SessionState
from scheduling.enums import SlotState
from scheduling.models import FairnessEntry, SharingPrice
from tests.evbalancer.dashboard.conftest import House
from tests.factories.chargers import SessionFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db


def page(user, cluster, status=200, query="", **headers):
    client = Client(headers=headers)
    if user is not None:
        client.force_login(user)
    answer = client.get(f"/cluster/{cluster.pk}/fairness{query}")
    assert answer.status_code == status
    return answer.content.decode()


@pytest.fixture
def drivers(house: House):
    """Six, who received 50, 60 ... 100 %."""
    now = timezone.now()
    found = []
    for number in range(6):
        driver = DriverFactory(community=house.cluster.community, name=f"Neighbour {number}")
        session = SessionFactory(
            connector__circuit=house.cluster.circuits.first(),
            driver=driver,
            plugged_at=now - timedelta(hours=1),
            state=SessionState.ENDED,
        )
        FairnessEntry.objects.create(
            community=driver.community,
            cluster=house.cluster,
            driver=driver,
            session=session,
            at=now,
            wanted_wh=10_000,
            received_wh=5_000 + number * 1_000,
        )
        found.append(driver)
    return found


def test_manager_reads_every_line_worst_served_first(house: House, drivers):
    html = page(manager_of(house.cluster.community), house.cluster)
    places = [html.index(driver.name) for driver in drivers]
    assert places == sorted(places)
    assert "<dd>75 %</dd>" in html
    assert "fairness.csv?cluster=" in html


def test_driver_reads_their_own_line_among_dots_without_names(house: House, drivers):
    html = page(drivers[2].user, house.cluster)
    assert [driver.name in html for driver in drivers] == [False, False, True, False, False, False]
    assert html.count('class="neighbour"') == 9
    assert "You: 70 %" in html
    assert "CSV" not in html


def test_report_speaks_german_with_its_comma(house: House, drivers):
    html = page(drivers[2].user, house.cluster, **{"accept-language": "de"})
    assert "Sie: 70 %" in html
    assert "10,0" in html
    # The line is drawn from 45 %, below the worst tenth's 50 %.
    assert 'cx="320"' in html


def test_report_of_a_month_without_stays_says_so(house: House, drivers):
    html = page(drivers[2].user, house.cluster, query="?month=2025-01")
    assert "Nobody charged here this month." in html


@pytest.mark.parametrize("query", ["?month=soon", "?month=2999-01", "?month=1999-12"])
def test_report_of_a_month_that_is_none_does_not_exist(house: House, drivers, query):
    page(drivers[0].user, house.cluster, 404, query)


@pytest.mark.promise("S7")
def test_report_does_not_exist_for_others(house: House, drivers):
    page(DriverFactory().user, house.cluster, 404)
    page(manager_of(DriverFactory().community), house.cluster, 404)
    page(None, house.cluster, 302)


def test_page_says_how_many_promises_were_kept(house: House, drivers):
    now = timezone.now()
    for state in (SlotState.FULFILLED, SlotState.FULFILLED, SlotState.FULFILLED, SlotState.UNMET):
        SlotRequestFactory(cluster=house.cluster, state=state, created_at=now)
    assert "3 of 4" in page(manager_of(house.cluster.community), house.cluster)


def test_page_says_what_the_order_in_a_shortage_costs(house: House, drivers):
    user = manager_of(house.cluster.community)
    assert "Who comes first in a shortage" not in page(user, house.cluster)
    now = timezone.now()
    SharingPrice.objects.create(
        community=house.cluster.community, cluster=house.cluster, measured_at=now, day=now.date(), days=14, cars=90,
        energy_urgent=0.99, energy_everybody=0.94, worst_urgent=0.7, worst_everybody=0.3, wait_urgent_s=540,
        wait_everybody_s=60,
    )  # fmt: skip
    html = page(user, house.cluster)
    assert "What cannot wait comes first, then everybody else." in html
    assert "14 days with 90 cars" in html
    house.cluster.everybody_first = True
    house.cluster.save()
    assert "Everybody gets a little first, then what cannot wait." in page(user, house.cluster)
