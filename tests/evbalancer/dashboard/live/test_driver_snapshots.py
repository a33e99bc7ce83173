from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from drivers.domain.notifications import set_preferences
from drivers.enums import NotificationKind
from drivers.models import Driver, Notification
from evbalancer.dashboard.live.driver_snapshots import build_driver_picture
from grid.domain import limits
from grid.domain.audit import SYSTEM
from scheduling.enums import SlotState
from tests.evbalancer.dashboard.conftest import House
from tests.factories.drivers import DriverFactory, UserFactory
from tests.factories.scheduling import SlotRequestFactory

CHOSEN = ("shows_amps", "usual_wh", "usual_ready_min")


def picture_of(driver: Driver, house: House) -> dict | None:
    return build_driver_picture(driver.user_id, now=house.now)


def test_driver_sees_the_own_car_and_nobody_elses(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    mine = house.charging("A-01", driver=driver, charge_pct=55)
    house.charging("A-02")
    picture = picture_of(driver, house)
    assert picture is not None
    assert [row["session_id"] for row in picture["charging"]] == [str(mine.pk)]
    row = picture["charging"][0]
    assert (row["space"], row["state"], row["power_w"], row["charge_pct"]) == ("A-01", "charging", 6_900, 55)
    assert row["why"] == "Panel A, phase L2 is full; 2 cars share it"


def test_driver_sees_open_slots_and_unread_news(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    slot = SlotRequestFactory(cluster=house.cluster, driver=driver, created_at=house.now)
    SlotRequestFactory(cluster=house.cluster, driver=driver, created_at=house.now, state=SlotState.CANCELLED)
    SlotRequestFactory(cluster=house.cluster, created_at=house.now)
    for read_at in (None, house.now):
        Notification.objects.create(
            community=house.cluster.community,
            driver=driver,
            kind=NotificationKind.POWER_CUT,
            text="The transformer is cut",
            created_at=house.now,
            read_at=read_at,
        )
    picture = picture_of(driver, house)
    assert picture is not None
    assert [row["id"] for row in picture["slots"]] == [str(slot.pk)]
    assert [row["text"] for row in picture["notifications"]] == ["The transformer is cut"]


def test_driver_sees_grid_alerts_of_the_own_community(house: House, other_house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    limit = limits.impose_limit(house.transformer, pct=50, reason="Heat", actor=SYSTEM, now=house.now)
    limits.impose_limit(other_house.transformer, pct=50, reason="SECRET-B", actor=SYSTEM, now=house.now)
    picture = picture_of(driver, house)
    assert picture is not None
    assert picture["alerts"] == [
        {
            "id": str(limit.pk),
            "cluster_id": str(house.cluster.pk),
            "cluster": house.cluster.name,
            "circuit": "Transformer",
            "limit_ma": 50_000,
            "usual_ma": 100_000,
            "effective_at": limit.effective_at.isoformat(),
            "until": None,
            "reason": "Heat",
        },
    ]


def test_driver_picture_ends_with_the_driver_or_the_account(house: House) -> None:
    assert build_driver_picture(UserFactory().pk, now=house.now) is None
    driver = DriverFactory(community=house.cluster.community)
    driver.user.is_active = False
    driver.user.save()
    assert picture_of(driver, house) is None


def test_driver_picture_takes_as_many_queries_for_many_cars_as_for_one(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    house.charging("A-1", driver=driver)
    counts = []
    for number in range(2, 7):
        with CaptureQueriesContext(connection) as queries:
            picture_of(driver, house)
        counts.append(len(queries))
        house.charging(f"A-{number}", driver=driver, started_at=house.now - timedelta(minutes=number))
    assert len(set(counts)) == 1


def test_driver_finds_what_they_chose_from_the_first_paint_on(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    picture = picture_of(driver, house)
    assert picture is not None
    assert [picture["drivers"][0][name] for name in CHOSEN] == [False, None, None]
    set_preferences(
        driver,
        mail_kinds=[],
        quiet_from_min=None,
        quiet_until_min=None,
        shows_amps=True,
        usual_wh=9_000,
        usual_ready_min=375,
    )
    picture = picture_of(driver, house)
    assert picture is not None
    assert [picture["drivers"][0][name] for name in CHOSEN] == [True, 9_000, 375]
