from datetime import UTC, datetime, timedelta

import pytest

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from pricing.domain.versions import add_tariff, import_tariff, publish_version, rater_of, version_at
from pricing.models import Tariff, TariffVersion
from pricing.rating.weekly import Window
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import TariffFactory, TariffWindowFactory
from tests.pricing.rating.ocpi.bodies import component, element
from tests.pricing.rating.ocpi.bodies import tariff as ocpi

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OCPI = ocpi(element(component("FLAT", 0.35, 21), component("ENERGY", 0.41, 21)), tax_included="YES")


@pytest.fixture
def tariff():
    return TariffFactory(valid_from=NOW - HOUR)


def publish(tariff, **changes):
    Tariff.objects.filter(pk=tariff.pk).update(**changes)
    tariff.refresh_from_db()
    return publish_version(tariff, by=SYSTEM, now=NOW)


def test_edit_makes_a_version_that_begins_now_and_leaves_the_one_before(tariff):
    first = tariff.versions.get()
    second = publish(tariff, base_price_per_mwh_minor=50_000)
    assert (second.number, second.begins_at) == (2, NOW)
    assert version_at(tariff.community, at=NOW - timedelta(seconds=1)) == first
    assert version_at(tariff.community, at=NOW) == second
    assert rater_of(first, time_zone="UTC").price_per_kwh(NOW) * 100 == 30


def test_new_tariff_is_saved_with_its_windows_and_published():
    tariff = Tariff(community=CommunityFactory(), name="T", valid_from=NOW, base_price_per_mwh_minor=30_000)
    version = add_tariff(tariff, windows=[Window(127, 0, 360, 20_000)], by=SYSTEM, now=NOW)
    assert [each["price_components"][0]["price"] for each in version.body["elements"]] == [0.2, 0.3]
    assert tariff.windows.get().end_min == 360


def test_edit_of_a_tariff_to_come_holds_from_its_begin():
    coming = TariffFactory(valid_from=NOW + HOUR)
    second = publish(coming, base_price_per_mwh_minor=50_000)
    assert version_at(coming.community, at=NOW) is None
    assert version_at(coming.community, at=NOW + HOUR) == second


def test_newest_tariff_that_has_begun_is_in_force_whatever_was_edited_last(tariff):
    newer = TariffFactory(community=tariff.community, valid_from=NOW)
    publish(tariff, base_price_per_mwh_minor=1)
    assert version_at(tariff.community, at=NOW).tariff == newer


@pytest.mark.parametrize(
    "name", ["base_price_per_mwh_minor", "emergency_surcharge_per_mwh_minor", "overstay_per_hour_minor"]
)
def test_only_a_price_makes_a_version(tariff, name):
    assert publish(tariff, name="Renamed") is None
    assert publish(tariff, **{name: 7}).number == 2
    assert publish(tariff, **{name: 7}) is None


def test_version_is_never_changed(tariff):
    version = tariff.versions.get()
    with pytest.raises(TypeError, match="never changes"):
        version.save()


def test_imported_tariff_keeps_its_elements_and_a_second_import_is_its_next_version():
    community = CommunityFactory()
    options = {"name": "Dutch", "valid_from": NOW, "by": SYSTEM}
    first = import_tariff(community, OCPI, now=NOW, **options)
    assert (first.number, first.body["elements"]) == (1, OCPI["elements"])
    assert first.tariff.base_price_per_mwh_minor is None
    assert import_tariff(community, OCPI, now=NOW + HOUR, **options) == first
    dearer = ocpi(element(component("ENERGY", 0.5)))
    second = import_tariff(community, dearer, now=NOW + HOUR, **options)
    assert (second.number, second.begins_at, second.tariff) == (2, NOW + HOUR, first.tariff)
    # An edit of the surcharge keeps the imported prices.
    third = publish(first.tariff, emergency_surcharge_per_mwh_minor=5)
    assert (third.number, third.body) == (3, second.body)


def test_import_takes_the_place_of_a_weeks_table():
    window = TariffWindowFactory()
    version = import_tariff(
        window.community, OCPI, name=window.tariff.name, valid_from=NOW, by=SYSTEM, now=NOW
    )
    assert (version.tariff, version.number) == (window.tariff, 2)
    assert not window.tariff.windows.exists()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "The request has no tariff: an object with `elements` is expected."),
        ({"elements": []}, "The tariff has no elements, so nothing has a price."),
        ([OCPI, OCPI], "There are 2 tariffs; import one after another."),
        (
            ocpi(element(component("ENERGY", 1), min_soc=20)),
            "elements[0].restrictions.min_soc is unknown, so its price would hold where it should not.",
        ),
        (OCPI | {"currency": "USD"}, "The tariff is in USD, and the community in EUR."),
        (
            ocpi(element(component("ENERGY", -0.1))),
            "elements[0] has a price of -0.1; prices are from 0 to 100.",
        ),
        (
            ocpi(element(component("ENERGY", 4100))),
            "elements[0] has a price of 4100; prices are from 0 to 100.",
        ),
        (
            ocpi(element(component("TIME", 1), reservation="RESERVATION")),
            "elements[0] prices reservations, which are not billed here.",
        ),
        (
            ocpi(element(component("ENERGY", 1), min_current=16)),
            "elements[0] depends on the current. Here only power is known: use it.",
        ),
    ],
)
def test_tariff_that_cannot_be_billed_is_refused_and_changes_nothing(body, sentence):
    with pytest.raises(InvalidInput) as error:
        import_tariff(CommunityFactory(), body, name="X", valid_from=NOW, by=SYSTEM, now=NOW)
    assert str(error.value) == sentence
    assert not Tariff.objects.exists()


@pytest.mark.parametrize(
    ("valid_from", "sentence"),
    [
        (
            NOW - timedelta(days=2),
            "A price can't begin in the past: what was charged by then has its own.",
        ),
        (NOW - HOUR, "Another tariff for everybody begins at that moment."),
    ],
)
def test_tariff_that_would_begin_in_the_past_or_beside_another_is_refused(tariff, valid_from, sentence):
    with pytest.raises(InvalidInput) as error:
        import_tariff(tariff.community, OCPI, name="X", valid_from=valid_from, by=SYSTEM, now=NOW)
    assert str(error.value) == sentence
    assert TariffVersion.objects.count() == 1


@pytest.fixture
def bavarian():
    """20 cents on Sundays and holidays, 30 otherwise."""
    community = CommunityFactory(time_zone="Europe/Berlin", holiday_region="DE-BY")
    tariff = TariffFactory(community=community, valid_from=NOW - HOUR, holidays_as_sunday=True)
    TariffWindowFactory(tariff=tariff, weekdays=0b1000000, end_min=1440)
    return tariff


def test_version_names_the_days_that_count_as_sundays(bavarian):
    rater = rater_of(bavarian.versions.get(), time_zone="Europe/Berlin")
    fronleichnam = datetime(2026, 6, 4, 12, tzinfo=UTC)
    assert [rater.price_per_kwh(fronleichnam + day) * 100 for day in (0 * HOUR, 24 * HOUR)] == [20, 30]
    days = bavarian.versions.get().body["holidays_as_sunday"]["dates"]
    assert (days[0], days[-1]) == ("2026-01-01", "2036-12-26")


def test_days_of_a_version_stay_when_the_community_moves_and_change_with_the_next_one(bavarian):
    bavarian.community.holiday_region = "DE-HH"
    bavarian.community.save()
    bavarian.refresh_from_db()
    second = publish_version(bavarian, by=SYSTEM, now=NOW)
    first = bavarian.versions.get(number=1)
    assert "2026-06-04" in first.body["holidays_as_sunday"]["dates"]
    assert "2026-06-04" not in second.body["holidays_as_sunday"]["dates"]


def test_new_year_alone_publishes_no_version(bavarian):
    assert publish_version(bavarian, by=SYSTEM, now=NOW + timedelta(days=400)) is None
    assert publish_version(bavarian, by=SYSTEM, now=NOW + timedelta(days=365 * 8)).number == 2


def test_holidays_without_a_region_are_refused():
    tariff = TariffFactory(valid_from=NOW - HOUR)
    with pytest.raises(
        InvalidInput, match="Choose the region of public holidays on the community's page first"
    ):
        publish(tariff, holidays_as_sunday=True)


def test_imported_days_stay_whatever_the_region(bavarian):
    body = OCPI | {"holidays_as_sunday": {"region": "AT", "dates": ["2026-12-08"]}}
    version = import_tariff(bavarian.community, body, name="Austria", valid_from=NOW, by=SYSTEM, now=NOW)
    assert version.body["holidays_as_sunday"] == body["holidays_as_sunday"]
    publish(version.tariff, overstay_per_hour_minor=9)
    assert version.tariff.versions.latest("number").body["holidays_as_sunday"] == body["holidays_as_sunday"]
