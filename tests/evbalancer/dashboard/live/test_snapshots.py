import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from chargers.domain.access.rules import set_access_in_words
from chargers.models import Connector
from evbalancer.common.errors import NotFound
from evbalancer.dashboard.live import snapshots
from evbalancer.dashboard.live.access import Person, Rights
from evbalancer.dashboard.live.snapshots import ClusterPictures, cluster_snapshot, level_of
from grid.domain import limits
from grid.domain.audit import SYSTEM
from tests.evbalancer.dashboard.conftest import House
from tests.factories.drivers import DriverFactory, FlatFactory
from tests.factories.fleet import VehicleFactory

LEVELS = ("public en", "resident en", "manager en")


def snapshot(house: House, viewer: Person) -> dict:
    return cluster_snapshot(house.cluster, viewer=viewer, now=house.now)


@pytest.fixture
def busy(house: House) -> House:
    session = house.charging("A-01", charge_pct=37)
    session.vehicle = VehicleFactory(driver=session.driver, name="CAR-CANARY")
    session.save()
    house.ran()
    limits.impose_limit(house.panel, pct=60, reason="REASON-CANARY", actor=SYSTEM, now=house.now)
    return house


def test_snapshot_for_anyone_has_sums_and_no_rows(busy: House) -> None:
    picture = snapshot(busy, AnonymousUser())
    assert set(picture) == {
        "cluster",
        "headline",
        "alerts",
        "banner",
        "bars",
        "today",
        "price",
        "day",
        "hour",
        "rights",
    }
    text = json.dumps(picture)
    assert all(private not in text for private in ("A-01", "Who is at", "CANARY"))


def test_snapshot_for_residents_has_rows_without_names(busy: House) -> None:
    picture = snapshot(busy, busy.resident())
    assert [row["space"] for row in picture["rows"]] == ["A-01"]
    assert "cut" not in picture
    text = json.dumps(picture)
    assert all(private not in text for private in ("Who is at", "CAR-CANARY", "charge_pct"))
    assert "REASON-CANARY" in text


def test_snapshot_for_managers_has_names_and_the_button(busy: House) -> None:
    picture = snapshot(busy, busy.manager())
    assert picture["rows"][0]["driver"] == "Who is at A-01"
    assert picture["cut"]["standing"] is False


@pytest.mark.promise("S4")
def test_snapshot_of_another_house_does_not_exist(other_house: House, house: House) -> None:
    with pytest.raises(NotFound):
        snapshot(other_house, house.manager())


@pytest.mark.promise("S4")
def test_snapshot_holds_nothing_of_another_house(busy: House, other_house: House) -> None:
    other_house.charging("SECRET-B-1")
    limits.impose_limit(other_house.transformer, pct=50, reason="SECRET-B", actor=SYSTEM, now=busy.now)
    assert "SECRET-B" not in json.dumps(snapshot(busy, busy.manager()))


def queries_of(house: House) -> int:
    viewer = house.manager()
    with CaptureQueriesContext(connection) as queries:
        snapshot(house, viewer)
    return len(queries)


def test_snapshot_takes_as_many_queries_for_forty_cars_as_for_two(house: House) -> None:
    house.ran()
    for number in range(2):
        house.charging(f"A-{number}")
    few = queries_of(house)
    for number in range(2, 40):
        house.charging(f"A-{number}")
    assert queries_of(house) == few
    assert few <= 30


def test_snapshot_of_a_house_without_any_connector_is_whole(house: House) -> None:
    picture = snapshot(house, house.manager())
    assert (picture["rows"], picture["headline"]["connectors"], picture["day"]["points"]) == ([], 0, [])
    assert picture["headline"]["load_va"] == 13_800


def test_hour_shows_as_much_as_was_recorded_and_at_least_a_quarter(house: House) -> None:
    def span_s(house: House) -> int:
        hour = snapshot(house, house.manager())["hour"]
        return int(house.now.timestamp()) - hour["from"]

    assert span_s(house) == 900
    house.ran(at=house.now - timedelta(minutes=30))
    assert span_s(house) == 1_800
    house.ran(at=house.now - timedelta(minutes=90))
    assert span_s(house) == 1_800
    house.ran(at=house.now - timedelta(minutes=59))
    assert span_s(house) == 3_540


def test_pictures_read_the_facts_once_for_all_levels(now_house: House) -> None:
    now_house.charging("A-01")
    pictures = ClusterPictures(now_house.cluster.pk)
    pictures(LEVELS)
    with CaptureQueriesContext(connection) as one:
        pictures(["manager en"])
    with CaptureQueriesContext(connection) as three:
        assert set(pictures(LEVELS)) == set(LEVELS)
    assert len(three) == len(one) <= 13


def test_pictures_read_the_slow_sections_again_when_a_limit_changes(now_house: House) -> None:
    pictures = ClusterPictures(now_house.cluster.pk)
    before = pictures(["manager en"])["manager en"]
    limits.impose_limit(now_house.transformer, pct=50, reason="Test", actor=SYSTEM, now=datetime.now(UTC))
    after = pictures(["manager en"])["manager en"]
    assert len(after["hour"]["limit"]) == len(before["hour"]["limit"]) + 1


def test_pictures_show_the_public_nothing_of_a_private_house(now_house: House) -> None:
    now_house.cluster.is_public = False
    now_house.cluster.save()
    assert set(ClusterPictures(now_house.cluster.pk)(LEVELS)) == {"resident en", "manager en"}


def test_pictures_of_a_retired_cluster_are_gone(now_house: House) -> None:
    now_house.cluster.retired_at = now_house.now + timedelta(0)
    now_house.cluster.save()
    assert ClusterPictures(now_house.cluster.pk)(LEVELS) == {}


def test_pictures_speak_the_language_of_their_viewers(now_house: House) -> None:
    now_house.charging("A-01", power_w=6_900)
    pictures = ClusterPictures(now_house.cluster.pk)(
        [level_of(Rights.MANAGER, language) for language in ("en", "de")]
    )
    why = {level: picture["rows"][0]["why"] for level, picture in pictures.items()}
    assert why == {
        "manager en": "Panel A, phase L2 is full; 2 cars share it",
        "manager de": "Panel A, Phase L2 ist voll; 2 Autos teilen sich die Leistung",
    }


def test_cut_is_foreseen_for_managers_and_worked_out_for_nobody_else(
    now_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(snapshots, "cut_ahead", asked.append)
    pictures = ClusterPictures(now_house.cluster.pk)
    assert all("cut_ahead" not in picture for picture in pictures(LEVELS[:2]).values())
    assert asked == []
    shown = pictures(LEVELS)
    assert ["cut_ahead" in shown[level] for level in LEVELS] == [False, False, True]
    pictures(LEVELS)
    assert len(asked) == 1


@pytest.mark.promise("S7")
def test_picture_says_whose_space_it_is_and_when_without_names(house: House) -> None:
    community = house.cluster.community
    FlatFactory(community=community, name="SECRET flat")
    house.charging("A-01")
    house.charging("A-02")
    kept = Connector.objects.get(charge_point__name="A-01")
    set_access_in_words(kept, "flat SECRET flat; guests, Sat-Sun", actor=SYSTEM, now=house.now)
    for viewer in (DriverFactory(community=community).user, house.manager()):
        picture = snapshot(house, viewer)
        assert picture["access"] == {str(kept.pk): "For one flat. For guests: Sat to Sun, 00:00 to 24:00."}
        assert "SECRET" not in json.dumps(picture)
    with override("de"):
        assert snapshot(house, house.manager())["access"][str(kept.pk)].startswith("Für eine Wohnung.")
    assert "access" not in snapshot(house, AnonymousUser())
