import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from chargers.enums import SessionState
from chargers.models import Session
from pricing.models import BillLine
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, MembershipFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import TariffFactory, TariffWindowFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 22, 7, tzinfo=UTC)
PRICES = "/pricing/prices"
CSV = "/drivers/sessions.csv"


def a_stay(driver, *, energy_wh: int = 12_500, amount_minor: int | None = 400) -> Session:
    session = SessionFactory(
        connector=ConnectorFactory(circuit__cluster__community=driver.community, charge_point__name="A-01"),
        driver=driver,
        plugged_at=NOW - timedelta(hours=9),
        started_at=NOW - timedelta(hours=9),
        stopped_at=NOW,
        unplugged_at=NOW,
        state=SessionState.ENDED,
        energy_wh=energy_wh,
    )
    if amount_minor is not None:
        BillLine.objects.create(
            community=driver.community,
            session=session,
            driver=driver,
            amount_minor=amount_minor,
            currency="EUR",
            started_at=session.started_at,
            ended_at=NOW,
        )
    return session


def rows_of(response) -> list[list[str]]:
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


@time_machine.travel(NOW, tick=False)
def test_prices_follow_the_wall_clock_of_the_community():
    driver = DriverFactory(community__time_zone="Europe/Berlin")
    tariff = TariffFactory(community=driver.community)
    TariffWindowFactory(tariff=tariff, start_min=0, end_min=60, price_per_mwh_minor=20_000)
    body = client_of(driver.user).get(PRICES, {"hours": 3}).json()
    assert body.pop("per_mwh_minor") == [30_000] * 4 + [20_000] * 4 + [30_000] * 4
    applied = body.pop("tariff")
    assert (applied["id"], applied["number"]) == (str(tariff.pk), 1)
    assert body == {
        "basis": "standing",
        "community_id": str(driver.community_id),
        "cluster_id": None,
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "start": "2026-03-02T22:00:00Z",
        "step_s": 900,
        "publication_id": None,
        "fees": [],
        "free_left_wh": None,
        "published_at": None,
        "parts": None,
    }


def test_prices_without_a_tariff_are_empty():
    assert client_of(DriverFactory().user).get(PRICES).json()["per_mwh_minor"] == []


@pytest.mark.promise("S7")
def test_prices_of_another_community_do_not_exist():
    other = TariffFactory().community
    assert_problem(client_of(DriverFactory().user).get(PRICES, {"community": other.pk}), 404, "not_found")


def test_prices_in_one_of_several_communities_must_say_which():
    driver = DriverFactory()
    other = CommunityFactory()
    MembershipFactory(user=driver.user, community=other)
    client = client_of(driver.user)
    assert_problem(client.get(PRICES), 400, "community_needed")
    assert client.get(PRICES, {"community": other.pk}).json()["community_id"] == str(other.pk)


@pytest.mark.parametrize("query", [{"hours": 0}, {"hours": 49}, {"hours": "x"}, {"community": "x"}])
def test_prices_for_a_strange_period_are_refused(query):
    assert_problem(client_of(DriverFactory().user).get(PRICES, query), 400, "invalid")


def test_history_is_a_csv_of_the_own_stays():
    driver = DriverFactory()
    a_stay(driver)
    a_stay(DriverFactory(community=driver.community), energy_wh=99_000)
    head, *lines = rows_of(client_of(driver.user).get(CSV))
    assert head == ["plugged_in", "unplugged", "space", "vehicle", "energy_kwh", "cost", "currency"]
    assert [line[2:] for line in lines] == [["A-01/1", "", "12.5", "4.0", "EUR"]]


def test_history_of_a_stay_without_a_bill_has_no_cost():
    driver = DriverFactory()
    a_stay(driver, amount_minor=None)
    assert rows_of(client_of(driver.user).get(CSV))[1][5] == ""


def test_history_is_refused_to_strangers():
    assert client_of(None).get(CSV).status_code == 401


def test_history_is_newest_first_on_the_clock_of_its_community():
    driver = DriverFactory(community__time_zone="Europe/Berlin")
    days = [3, 1, 2]
    for day in days:
        session = a_stay(driver, amount_minor=day)
        Session.objects.filter(pk=session.pk).update(plugged_at=NOW - timedelta(days=day))
    rows = rows_of(client_of(driver.user).get(CSV))[1:]
    local = [
        (NOW - timedelta(days=day)).astimezone(ZoneInfo("Europe/Berlin")).isoformat() for day in (1, 2, 3)
    ]
    assert [row[0] for row in rows] == local
