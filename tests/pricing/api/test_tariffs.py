from datetime import UTC, datetime

import pytest
import time_machine

from drivers.enums import Role
from grid.models import AuditEntry
from pricing.models import Tariff, TariffVersion
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import MembershipFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import TariffFactory, TariffWindowFactory
from tests.pricing.rating.ocpi.bodies import component, element
from tests.pricing.rating.ocpi.bodies import tariff as ocpi

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
TARIFFS, IMPORT = "/pricing/tariffs", "/pricing/tariffs/import"
OCPI = ocpi(element(component("FLAT", 0.35, 21), component("ENERGY", 0.41, 21)), tax_included="YES")


@pytest.fixture
def membership():
    return MembershipFactory(role=Role.MANAGER)


@pytest.fixture
def manager(membership):
    return client_of(membership.user)


def send(client, **more):
    return client.post(IMPORT, {"name": "Dutch", "tariff": OCPI} | more, content_type="application/json")


@time_machine.travel(NOW, tick=False)
def test_import_publishes_a_version_that_export_gives_back(manager, membership):
    answer = send(manager)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["number"], told["published_by"]) == (1, membership.user.username)
    tariff = Tariff.objects.get(community=membership.community, name="Dutch")
    exported = manager.get(f"{TARIFFS}/{tariff.pk}/ocpi").json()
    assert exported == {
        "id": str(tariff.pk),
        "currency": "EUR",
        "tax_included": "YES",
        "elements": OCPI["elements"],
        "start_date_time": "2026-05-01T12:00:00Z",
        "last_updated": "2026-05-01T12:00:00Z",
    }
    assert AuditEntry.objects.filter(action="tariff.published").count() == 1
    again = send(manager, name="Again", tariff=exported, valid_from="2026-06-01T00:00:00+02:00")
    assert again.json()["tariff"] == told["tariff"]
    assert again.json()["begins_at"] == "2026-05-31T22:00:00Z"


@time_machine.travel(NOW, tick=False)
def test_import_publishes_fees_which_stay_until_they_are_named_again(manager):
    first = send(manager, fees={"reservation_fee_minor": 100, "no_show_fee_minor": 500}).json()
    assert (first["reservation_fee_minor"], first["no_show_fee_minor"]) == (100, 500)
    second = send(manager, fees={"no_show_fee_minor": 0}).json()
    assert (second["number"], second["reservation_fee_minor"], second["no_show_fee_minor"]) == (2, 100, 0)
    problem = assert_problem(send(manager, fees={"no_show_fee_minor": 10_001}), 400, "invalid")
    assert "10000" in str(problem["errors"])


def test_tariff_lists_its_versions_newest_first(manager, membership):
    tariff = TariffWindowFactory(tariff__community=membership.community).tariff
    listed = manager.get(f"{TARIFFS}/{tariff.pk}").json()["versions"]
    assert [(each["number"], len(each["tariff"]["elements"])) for each in listed] == [(1, 2)]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"tariff": {"elements": []}}, "tariff"),
        ({"tariff": 7}, "tariff"),
        ({"tariff": [OCPI, OCPI]}, "tariff"),
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"valid_from": "2026-01-01T00:00:00"}, "valid_from"),
        ({"valid_from": "2020-01-01T00:00:00Z"}, "valid_from"),
    ],
)
def test_import_that_is_wrong_names_its_field_and_changes_nothing(manager, more, field):
    assert field in assert_problem(send(manager, **more), 400, "invalid")["errors"]
    assert not Tariff.objects.exists()


def test_import_is_for_managers_of_that_community():
    driver = MembershipFactory(role=Role.DRIVER)
    assert send(client_of(driver.user)).status_code == 403
    manager = MembershipFactory(role=Role.MANAGER)
    other = CommunityFactory()
    assert send(client_of(manager.user), community_id=str(other.pk)).status_code == 404
    assert not TariffVersion.objects.exists()


def test_export_of_another_communitys_tariff_does_not_exist(manager):
    assert manager.get(f"{TARIFFS}/{TariffFactory().pk}/ocpi").status_code == 404


def test_tariff_of_which_nothing_was_published_has_no_export(manager, membership):
    tariff = TariffFactory(community=membership.community)
    tariff.versions.all().delete()
    assert manager.get(f"{TARIFFS}/{tariff.pk}/ocpi").status_code == 404
