from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from chargers.enums import CommandKind
from chargers.models import ChargerCommand
from evbalancer.common.admin.panels import page_of
from evbalancer.common.admin.wording import moment
from scheduling.admin.states import charge_point_panel
from scheduling.enums import EmergencyState
from scheduling.models import EmergencyRequest
from tests.evbalancer.dashboard.conftest import make_house
from tests.factories.chargers import ConnectorFactory

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
        (row,) = panel.context["table"]["rows"]
        return row[1].text

    assert said() == "emergency"
    EmergencyRequest.objects.filter(pk=claim.pk).update(state=EmergencyState.REVOKED)
    assert said() == "charging"


def asked(charge_point, *, at, state="accepted", **fields):
    return ChargerCommand.objects.create(
        community=charge_point.community,
        charge_point=charge_point,
        kind=CommandKind.SET_LIMIT,
        state=state,
        queued_at=at,
        expires_at=at + timedelta(minutes=1),
        idempotency_key=f"{charge_point.pk} {at}",
        **fields,
    )


def test_charge_point_is_told_at_a_glance():
    now = timezone.now()
    connector = make_house(now=now).charging("A-01", limit_ma=16_000).connector
    charge_point = connector.charge_point
    charge_point.vendor, charge_point.model, charge_point.serial_number = "Maple", "Wall 11", "M-17"
    charge_point.firmware_version, charge_point.ocpp_version = "2.4.1", "ocpp2.0.1"
    charge_point.station_limit_ma, charge_point.connected_at = 32_000, now - timedelta(hours=2)
    charge_point.last_seen_at = now - timedelta(seconds=5)
    answers = {"state": "accepted", "answered_at": now, "limit_ma": 16_000}
    asked(charge_point, at=now - timedelta(minutes=9), state="error", error="GenericError")
    newest = asked(charge_point, at=now, later_state="failed", later_word="InstallationFailed", **answers)
    panel = charge_point_panel(RequestFactory().get("/"), charge_point)
    assert [(one.name, one.value, one.note, one.tone) for one in panel.context["figures"]] == [
        ("State", "online", f"since {moment(charge_point.connected_at)}", "ok"),
        ("Last seen", "just now", moment(charge_point.last_seen_at), ""),
        ("Model", "Maple Wall 11", "M-17", ""),
        ("Firmware", "2.4.1", "OCPP 2.0.1", ""),
        ("Limit", "16 A", "together at most 32 A", ""),
        (
            "Last command",
            "Set the limit of a transaction: 16 A",
            "Accepted; Failed (InstallationFailed), just now",
            "bad",
        ),
    ]
    assert panel.context["figures"][-1].href == page_of(newest)
    with override("de"):
        german = charge_point_panel(RequestFactory().get("/"), charge_point)
    assert [one.value for one in german.context["figures"]][:2] == ["erreichbar", "gerade eben"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"last_seen_at": timezone.now(), "online_until": None}, "offline"),
        ({"booted_at": None, "connected_at": None, "last_seen_at": None, "online_until": None}, "planned"),
        ({"retired_at": timezone.now()}, "retired"),
    ],
)
def test_glance_says_whether_a_charge_point_is_there(fields, word):
    charge_point = make_house(now=timezone.now()).connector("A-01").charge_point
    for name, value in fields.items():
        setattr(charge_point, name, value)
    panel = charge_point_panel(RequestFactory().get("/"), charge_point)
    state, *_, command = panel.context["figures"]
    assert (state.value, command.note) == (word, "Nothing was asked of it yet.")


def test_page_of_a_charge_point_asks_as_much_whatever_it_has(manager, world):
    now = timezone.now()
    charge_point, circuit = world["chargers.ChargePoint"], world["chargers.Connector"].circuit
    page = page_of(charge_point)

    def queries():
        with CaptureQueriesContext(connection) as found:
            assert manager.get(page).status_code == 200
        return len(found)

    asked(charge_point, at=now)
    queries()  # whatever the first page alone has to find out
    few = queries()
    for number in (2, 3, 4):
        ConnectorFactory(charge_point=charge_point, circuit=circuit, number=number)
        asked(charge_point, at=now + timedelta(seconds=number))
    assert queries() == few
