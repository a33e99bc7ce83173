"""A deleted membership lets its person in nowhere, at every door."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse
from rest_framework.test import APIClient

from drivers.domain import accounts, notifications
from drivers.domain.belonging import tell_if_left
from drivers.domain.drivers import authorize_tag, valid_cards
from drivers.enums import AuthorizationStatus, NotificationKind, Role
from drivers.errors import NotADriver
from drivers.models import Driver, Membership, Notification
from evbalancer.common.errors import NotFound
from evbalancer.common.words.said import Said
from evbalancer.dashboard.live.access import Rights, rights_on
from evbalancer.dashboard.live.driver_snapshots import build_driver_picture
from grid.domain import audit
from scheduling.domain.booking import requests
from scheduling.domain.booking.promises import SlotWish
from scheduling.domain.conduct import emergencies
from scheduling.domain.views.calendar import open_feed, read_feed
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import EmergencyRequest
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory, MembershipFactory, manager_of
from tests.factories.scheduling import SlotRequestFactory

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector():
    return ConnectorFactory()


@pytest.fixture
def driver(connector):
    driver = DriverFactory(community=connector.community, email="ada@example.org")
    IdTagFactory(driver=driver, token="CARD")
    return driver


@pytest.fixture
def left(driver):
    Membership.objects.filter(user=driver.user).delete()
    return driver


def test_books_and_claims_nothing(left, connector):
    wish = SlotWish(energy_wh=1_000, not_before=NOW, ready_by=NOW + 8 * HOUR)
    with pytest.raises(NotADriver):
        requests.request_slot(left, connector.circuit.cluster, wish, now=NOW)
    with pytest.raises(NotADriver):
        emergencies.request_emergency(left, reason="x", energy_wh=1_000, needed_by=NOW + HOUR, now=NOW)


def test_api_knows_no_driver(left, connector):
    client = APIClient()
    client.force_authenticate(left.user)
    claim = {"reason": "x", "energy_wh": 1_000, "needed_by": (NOW + HOUR).isoformat()}
    assert client.post("/api/v1/emergencies", claim, format="json").status_code in (403, 404)
    wish = {
        "cluster_id": str(connector.circuit.cluster_id),
        "energy_wh": 1_000,
        "ready_by": (NOW + 8 * HOUR).isoformat(),
    }
    assert client.post("/api/v1/slots", wish, format="json").status_code in (403, 404)


def test_card_is_invalid_and_on_no_list(left):
    assert authorize_tag(left.community_id, "card", now=NOW).status == AuthorizationStatus.INVALID
    assert valid_cards(left.community_id, now=NOW) == []


def test_pages_and_sockets_show_nothing(left, connector):
    assert build_driver_picture(left.user_id, now=NOW) is None
    cluster = connector.circuit.cluster
    assert rights_on(cluster, left.user) != Rights.RESIDENT


def test_mails_stop_even_those_that_wait(driver):
    notifications.notify_driver(
        driver, kind=NotificationKind.CAR_FULL, said=Said.in_words("Full"), now=NOW, about="1"
    )
    Membership.objects.filter(user=driver.user).delete()
    assert (
        notifications.notify_driver(
            driver, kind=NotificationKind.CAR_FULL, said=Said.in_words("Full"), now=NOW, about="2"
        )
        is None
    )
    assert notifications.send_due_mails(now=NOW + HOUR) == 0
    assert (mail.outbox, Notification.objects.count()) == ([], 1)


def test_calendar_is_gone(driver):
    token = open_feed(driver, actor=audit.SYSTEM, now=NOW)
    read_feed(token, now=NOW)
    Membership.objects.filter(user=driver.user).delete()
    with pytest.raises(NotFound):
        read_feed(token, now=NOW)


def test_what_was_booked_and_claimed_is_given_back(driver, connector):
    slot = SlotRequestFactory(cluster=connector.circuit.cluster, driver=driver, created_at=NOW)
    claim = EmergencyRequest.objects.create(
        community=driver.community,
        driver=driver,
        reason="x",
        energy_wh=1_000,
        needed_by=NOW + HOUR,
        state=EmergencyState.PENDING,
        state_since=NOW,
        created_at=NOW,
    )
    Membership.objects.filter(user=driver.user).delete()
    tell_if_left(driver.user_id, driver.community_id, now=NOW)
    slot.refresh_from_db()
    claim.refresh_from_db()
    assert (slot.state, claim.state) == (SlotState.CANCELLED, EmergencyState.REVOKED)


def test_admin_tells_when_it_deletes_the_last_role(client, driver, connector):
    slot = SlotRequestFactory(cluster=connector.circuit.cluster, driver=driver, created_at=NOW)
    manager = manager_of(driver.community)
    accounts.match_admin_access(manager, actor=audit.SYSTEM, now=NOW)
    client.force_login(manager)
    second = MembershipFactory(user=driver.user, community=driver.community, role=Role.RESIDENT)
    for membership, state in (
        (Membership.objects.get(user=driver.user, role=Role.DRIVER), SlotState.PROMISED),
        (second, SlotState.CANCELLED),
    ):
        client.post(reverse("admin:drivers_membership_delete", args=[membership.pk]), {"post": "yes"})
        slot.refresh_from_db()
        assert slot.state == state


def test_driver_without_an_account_belongs_until_retired(connector):
    driver = DriverFactory(community=connector.community, user=None, membership=None)
    IdTagFactory(driver=driver, token="CARD")
    assert authorize_tag(driver.community_id, "CARD", now=NOW).status == AuthorizationStatus.ACCEPTED
    Driver.objects.update(retired_at=NOW)
    assert authorize_tag(driver.community_id, "CARD", now=NOW).status == AuthorizationStatus.INVALID
