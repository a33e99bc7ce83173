from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from scheduling.admin.states import charge_point_panel
from scheduling.enums import EmergencyState
from scheduling.models import EmergencyRequest
from tests.evbalancer.dashboard.conftest import make_house

pytestmark = pytest.mark.django_db


def test_panel_of_a_charge_point_says_that_an_emergency_is_served():
    now = timezone.now()
    session = make_house(now=now).charging("A-01")
    claim = EmergencyRequest.objects.create(
        community=session.community,
        driver=session.driver,
        session=session,
        reason="Hospital",
        energy_wh=5_000,
        needed_by=now + timedelta(hours=1),
        state=EmergencyState.ACCEPTED,
        state_since=now,
        until=now + timedelta(hours=1),
        created_at=now,
    )

    def said() -> str:
        panel = charge_point_panel(RequestFactory().get("/"), session.connector.charge_point)
        (row,) = panel.context["rows"]
        return row[1].text

    assert said() == "emergency"
    EmergencyRequest.objects.filter(pk=claim.pk).update(state=EmergencyState.REVOKED)
    assert said() == "charging"
