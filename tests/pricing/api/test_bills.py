"""Fees by API: their driver sees them with the reason, and a manager waives them."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from pricing.domain.extras import Booking, bill_booking
from pricing.enums import LineKind
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory, TariffFactory

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 11, 10, 18, 0, tzinfo=UTC)


def test_driver_sees_a_fee_and_that_it_was_waived(manager, community):
    TariffFactory(community=community, no_show_fee_minor=500)
    driver = DriverFactory(community=community)
    place = ConnectorFactory(circuit__cluster__community=driver.community, charge_point__name="A-01")
    booking = Booking(uuid4(), driver, place.charge_point.cluster, place, BEGIN, BEGIN, BEGIN)
    fee = bill_booking(booking, kind=LineKind.NO_SHOW)
    BillLineFactory(driver=driver)
    own = client_of(driver.user)
    [row] = own.get("/pricing/bills?session__isnull=true").json()["results"]
    assert (row["kind"], row["amount_minor"], row["about_id"]) == ("no_show", 500, str(booking.id))
    assert (row["session_id"], row["waiver"], row["parts"][0]["place"]) == (None, None, "A-01/1")
    page = f"/pricing/bills/{fee.pk}/waive"
    assert own.post(page, {"reason": "me"}, format="json").status_code == 403
    stranger = client_of(manager_of(CommunityFactory()))
    assert_problem(stranger.post(page, {"reason": "no"}, format="json"), 404, "not_found")
    assert_problem(manager.post(page, {}, format="json"), 400, "invalid")
    waived = manager.post(page, {"reason": "Was ill"}, format="json")
    assert (waived.status_code, waived.json()["waiver"]["reason"]) == (201, "Was ill")
    [row] = own.get("/pricing/bills?session__isnull=true").json()["results"]
    assert row["waiver"]["reason"] == "Was ill"
