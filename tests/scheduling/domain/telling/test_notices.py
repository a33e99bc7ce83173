from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from chargers.enums import SessionState
from chargers.events import ConnectorStatusChanged
from drivers.domain import notifications
from drivers.domain.language import language_of_driver
from drivers.models import Notification
from evbalancer.common.events import publish
from grid.domain.audit import SYSTEM
from grid.domain.limits import impose_limit
from scheduling.domain.booking import no_shows, requests
from scheduling.domain.booking.promises import SlotWish
from scheduling.domain.telling import notices
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def root():
    return CircuitFactory(name="Transformer")


def charging(root, **changes):
    connector = ConnectorFactory(circuit=root, charge_point__name="A-03")
    values = {"plugged_at": NOW, "started_at": NOW, "state": SessionState.ACTIVE, "energy_wh": 12_340}
    driver = DriverFactory(community=root.community)
    return SessionFactory(connector=connector, driver=driver, **(values | changes))


def told():
    """To each in their own language, as a mail tells it."""
    found = []
    for row in Notification.objects.order_by("created_at").select_related("driver__preference"):
        with override(language_of_driver(row.driver)):
            found.append((row.kind, row.told))
    return found


def test_cut_is_told_to_who_charges_with_its_reason_and_end(root):
    session = charging(root)
    charging(root, state=SessionState.ENDED)
    until = datetime(2030, 11, 4, 19, 0, tzinfo=UTC)
    impose_limit(root, pct=50, reason="Works on the line", actor=SYSTEM, now=timezone.now(), until=until)
    assert told() == [
        (
            "power_cut",
            "Transformer is limited to 24 A a phase until Mon 20:00: Works on the line. Cars may get less.",
        )
    ]
    assert Notification.objects.get().driver == session.driver


def test_each_is_told_in_their_own_language(root):
    for language in ("en", "de"):
        notifications.set_language(charging(root).driver.user, language)
    until = datetime(2030, 11, 4, 19, 0, tzinfo=UTC)
    impose_limit(root, pct=35, reason="Works on the line", actor=SYSTEM, now=timezone.now(), until=until)
    german = "Transformer ist bis Mo 20:00 auf 16,8 A je Phase begrenzt: Works on the line. Autos bekommen vielleicht weniger."
    english = (
        "Transformer is limited to 16.8 A a phase until Mon 20:00: Works on the line. Cars may get less."
    )
    assert sorted(told()) == sorted([("power_cut", german), ("power_cut", english)])


def test_full_car_is_told_once(root):
    session = charging(root)
    event = ConnectorStatusChanged(
        connector_id=session.connector_id, cluster_id=root.cluster_id, was="Charging", now="SuspendedEV"
    )
    for _ in range(2):
        with transaction.atomic():
            publish(event)
    assert told() == [("car_full", "Your car at A-03/1 takes no more: 12.3 kWh.")]


def test_car_that_never_charged_is_not_told_to_be_full(root):
    session = charging(root, energy_wh=0)
    notices.car_full(session.connector_id, now=NOW)
    assert told() == []


def test_overstay_is_warned_of_once_after_the_grace(root):
    charging(root, state=SessionState.FINISHED, stopped_at=NOW)
    assert notices.warn_overstays(now=NOW + timedelta(minutes=29)) == 0
    later = NOW + timedelta(minutes=30)
    assert (notices.warn_overstays(now=later), notices.warn_overstays(now=later)) == (1, 0)
    assert told() == [("overstay", "Your car at A-03/1 is done. Please move it: others may need the space.")]


def ask(root, **changes):
    wish = {"energy_wh": 10_000, "not_before": NOW, "ready_by": NOW + timedelta(hours=12)} | changes
    return requests.request_slot(
        DriverFactory(community=root.community), root.cluster, SlotWish(**wish), now=NOW
    )


def test_slot_that_moves_up_is_told(root):
    ConnectorFactory(circuit=root)
    first, queued = ask(root), ask(root)
    requests.cancel_slot(first, now=NOW)
    assert told() == [("slot_moved", "All 10 kWh are promised by Tue 07:00.")]
    assert Notification.objects.get().driver == queued.driver


def test_slot_that_lapses_is_told(root):
    ask(root, connector=ConnectorFactory(circuit=root))
    no_shows.lapse_no_shows(now=NOW + timedelta(minutes=31))
    assert told() == [("slot_moved", "Your slot until Tue 07:00: Lapsed. The car did not come.")]
