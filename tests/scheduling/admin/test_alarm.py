import json
import socket

import pytest
from django.urls import reverse
from django.utils import timezone

from drivers.enums import Role
from evbalancer.common.security import push
from scheduling.models import Alarm, AlarmChannel
from tests.factories.drivers import MembershipFactory
from tests.factories.grid import CircuitFactory, ClusterFactory
from tests.fakepush import Browser
from tests.scheduling.api.test_alarms import alarm

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster():
    found = ClusterFactory()
    # With a grid connection: else the back office leads to the setup first.
    CircuitFactory(cluster=found)
    return found


@pytest.fixture
def manager(client, cluster):
    client.force_login(
        MembershipFactory(community=cluster.community, role=Role.MANAGER, user__is_staff=True).user
    )
    return client


def test_front_page_lists_open_alarms_with_their_acknowledgement(manager, cluster):
    row = alarm(cluster)
    alarm(cluster, name="over", ended_at=timezone.now())
    alarm(ClusterFactory(), name="foreign")
    response = manager.get("/admin/")
    address = reverse("admin:scheduling_alarm_acknowledge", args=[row.pk])
    assert [each["acknowledge"] for each in response.context["alarms"]] == [address]
    assert address in response.content.decode()


def test_front_page_says_that_no_alarm_is_open(manager):
    assert "No alarm is open." in manager.get("/admin/").content.decode()


def test_alarm_is_acknowledged_on_its_page(manager, cluster):
    row = alarm(cluster)
    address = reverse("admin:scheduling_alarm_acknowledge", args=[row.pk])
    assert manager.post(address, {"note": ""}).status_code == 422
    assert manager.post(address, {"note": "The electrician comes"}).status_code == 302
    assert Alarm.objects.get().note == "The electrician comes"
    twice = manager.post(address, {"note": "Again"})
    assert (twice.status_code, "acknowledged it already" in twice.content.decode()) == (422, True)


def test_history_has_open_and_ended_alarms_but_no_pending_ones(manager, cluster):
    alarm(cluster, name="open")
    alarm(cluster, name="over", ended_at=timezone.now())
    alarm(cluster, name="pending", raised_at=None)
    page = manager.get(reverse("admin:scheduling_alarm_changelist")).content.decode()
    assert [f"{name} does not take its limits" in page for name in ("open", "over", "pending")] == [
        True,
        True,
        False,
    ]


def test_foreign_alarm_has_no_page(manager):
    row = alarm(ClusterFactory())
    address = reverse("admin:scheduling_alarm_acknowledge", args=[row.pk])
    manager.post(address, {"note": "x"})
    row.refresh_from_db()
    assert row.acknowledged_at is None


def test_channel_is_added_changed_tried_and_removed_on_its_pages(manager, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.215.14", 443))])
    hook = {
        "kind": "webhook",
        "address": "https://example.org/SECRET",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    }
    made = manager.post(reverse("admin:scheduling_alarmchannel_add"), hook).content.decode()
    assert "whsec_" in made
    channel = AlarmChannel.objects.get()
    assert (channel.quiet_from_min, channel.quiet_until_min, channel.kinds) == (1320, 420, [])
    listed = manager.get(reverse("admin:scheduling_alarmchannel_changelist")).content.decode()
    assert ("example.org" in listed, "SECRET" in listed) == (True, False)
    page = reverse("admin:scheduling_alarmchannel_change_wishes", args=[channel.pk])
    assert 'value="22:00' in manager.get(page).content.decode()
    manager.post(page, {"kinds": ["offline"], "is_active": "on"})
    channel.refresh_from_db()
    assert (channel.kinds, channel.quiet_from_min) == (["offline"], None)
    manager.post(reverse("admin:scheduling_alarmchannel_remove", args=[channel.pk]))
    assert not AlarmChannel.objects.exists()


def test_channel_of_another_person_has_no_page(manager, cluster):
    other = MembershipFactory(community=cluster.community, role=Role.MANAGER).user
    channel = AlarmChannel.objects.create(user=other, kind="mail", created_at=timezone.now())
    manager.post(reverse("admin:scheduling_alarmchannel_remove", args=[channel.pk]))
    channel.refresh_from_db()
    assert channel.is_active
    assert (
        str(channel.pk)
        not in manager.get(reverse("admin:scheduling_alarmchannel_changelist")).content.decode()
    )


def test_bad_address_of_a_channel_is_refused_beside_its_field(manager):
    page = manager.post(reverse("admin:scheduling_alarmchannel_add"), {"kind": "ntfy", "address": "http://x"})
    assert (page.status_code, "Only https://" in page.content.decode()) == (422, True)


def test_manager_hears_of_alarms_in_this_browser(manager, settings, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.215.14", 443))])
    address = reverse("admin:scheduling_alarmchannel_add")
    settings.WEB_PUSH_KEY = ""
    assert 'value="push"' not in manager.get(address).content.decode()
    settings.WEB_PUSH_KEY = push.make_key()
    page = manager.get(address).content.decode()
    assert f'data-push-key="{push.public_key()}"' in page
    assert "dashboard/push_channel.js" in page
    refused = manager.post(address, {"kind": "push", "subscription": "{}"})
    assert (refused.status_code, "does not allow messages" in refused.content.decode()) == (422, True)
    browser = Browser("https://push.example.org/desk")
    done = manager.post(address, {"kind": "push", "subscription": json.dumps(browser.subscription)})
    channel = AlarmChannel.objects.get()
    assert (done.status_code, channel.kind, channel.push.user) == (302, "push", channel.user)
