from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from pricing.domain.billing import bill_session
from pricing.domain.corrections import adjust_bill_line
from pricing.models import BillLine, TariffVersion
from pricing.rating.ocpi.tariffs import tariff_of
from pricing.rating.weekly import Window, weekly_tariff
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.pricing import TariffFactory, TariffWindowFactory
from tests.pricing.rating.test_weekly import windows as any_windows

migration = import_module("pricing.migrations.0007_tariff_versions")
START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@given(st.integers(0, 2**31 - 1), st.lists(any_windows, max_size=5))
def test_tariff_becomes_the_same_prices_as_elements(base, table):
    tariff = SimpleNamespace(base_price_per_mwh_minor=base, community=SimpleNamespace(currency="EUR"))
    assert tariff_of(migration.body_of(tariff, table)) == weekly_tariff("EUR", base, table)


def whole_day():
    return [Window(0b1111111, 0, 1440, 5), Window(0b0000001, 0, 1440, 7)]


def test_window_of_a_whole_day_is_no_restriction_of_time():
    tariff = SimpleNamespace(base_price_per_mwh_minor=9, community=SimpleNamespace(currency="EUR"))
    elements = migration.body_of(tariff, whole_day())["elements"]
    assert [element.get("restrictions") for element in elements] == [None, {"day_of_week": ["MONDAY"]}, None]


@pytest.fixture
def line(db):
    """A bill from before versions were kept: 5 kWh at 20 and 5 kWh at 30 cents, and 10 cents a kWh for priority."""
    connector = ConnectorFactory()
    tariff = TariffFactory(community=connector.community, emergency_surcharge_per_mwh_minor=10_000)
    TariffWindowFactory(tariff=tariff)
    session = SessionFactory(
        connector=connector,
        plugged_at=START,
        started_at=START,
        stopped_at=START + timedelta(hours=2),
        energy_wh=10_000,
    )
    bill_session(session, now=START)
    BillLine.objects.update(version=None)
    TariffVersion.objects.all().delete()
    return BillLine.objects.get()


def migrate():
    migration.publish_tariffs(apps, None)


def test_tariff_is_its_first_version_and_its_bills_name_it(line):
    migrate()
    version = TariffVersion.objects.get()
    tariff = line.tariff
    assert (version.tariff, version.number, version.begins_at) == (tariff, 1, tariff.valid_from)
    assert (version.published_at, version.emergency_surcharge_per_mwh_minor) == (tariff.created_at, 10_000)
    line.refresh_from_db()
    assert (line.version, line.amount_minor) == (version, 250)


def test_bill_of_a_session_is_the_same_before_and_after(line):
    migrate()
    session, before = line.session, line.amount_minor
    BillLine.objects.all().delete()
    assert bill_session(session, now=START).amount_minor == before


def test_bill_whose_tariff_was_edited_since_names_none_and_keeps_its_prices(line):
    line.tariff.windows.update(end_min=5 * 60 + 30)
    migrate()
    line.refresh_from_db()
    assert line.version is None
    line.session.energy_wh = 20_000
    assert adjust_bill_line(line.session, now=START + timedelta(days=1)).amount_minor == 250


@pytest.mark.parametrize(
    ("kind", "words", "is_named"),
    [
        ("emergency", {"energy_wh": 1, "price_per_mwh_minor": 10_000}, True),
        ("emergency", {"energy_wh": 1, "price_per_mwh_minor": 9_000}, False),
        ("overstay", {"others_waited_s": 1, "price_per_hour_minor": 0}, True),
        ("overstay", {"others_waited_s": 1, "price_per_hour_minor": 7}, False),
    ],
)
def test_surcharge_names_the_version_if_its_price_is_the_same(line, kind, words, is_named):
    BillLine.objects.update(kind=kind, parts=[words])
    migrate()
    line.refresh_from_db()
    assert (line.version is not None) == is_named
