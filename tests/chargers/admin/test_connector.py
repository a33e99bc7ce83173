import pytest
from django.urls import reverse
from django.utils import timezone

from chargers.models import ChargePoint, Connector

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E8")]


def listed(manager, which: str) -> str:
    page = manager.get(reverse("admin:chargers_connector_changelist"), {"managed": which})
    return page.content.decode()


@pytest.mark.parametrize(
    ("facts", "is_managed"),
    [
        ({"fallback_ma": None}, False),
        ({"fallback_ma": 0}, True),
        ({"fallback_ma": 0, "uncontrollable_since": timezone.now()}, False),
    ],
)
def test_list_of_connectors_tells_which_are_unmanaged(manager, world, facts, is_managed):
    connector = world["chargers.Connector"]
    Connector.objects.filter(pk=connector.pk).update(uncontrollable_since=None)
    Connector.objects.filter(pk=connector.pk).update(**facts)
    assert (str(connector.pk) in listed(manager, "yes")) is is_managed
    assert (str(connector.pk) in listed(manager, "no")) is not is_managed


def test_connector_that_never_connected_is_planned_and_not_unmanaged(manager, world):
    ChargePoint.objects.update(connected_at=None, booted_at=None, last_seen_at=None, online_until=None)
    Connector.objects.update(fallback_ma=None)
    page = manager.get(reverse("admin:chargers_connector_changelist")).content.decode()
    assert "planned" in page
    assert "unmanaged" not in page.split("<tbody")[1]


def test_pages_show_the_maximum_and_what_would_be_granted_while_idle(manager, world):
    connector = world["chargers.Connector"]
    ChargePoint.objects.filter(pk=connector.charge_point_id).update(station_limit_ma=31_500)
    Connector.objects.filter(pk=connector.pk).update(default_shown_ma=16_500, default_read_at=timezone.now())
    for name, row, shown in (
        ("chargepoint", connector.charge_point, "31.5"),
        ("connector", connector, "16.5"),
    ):
        page = manager.get(reverse(f"admin:chargers_{name}_change", args=[row.pk])).content.decode()
        assert shown in page
