"""On the wire: a card that is blocked in the admin is refused by a charge point that asks nobody."""

import asyncio
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from chargers.domain.orders import commands
from chargers.domain.sockets import keys
from chargers.enums import CommandKind, OcppVersion
from chargers.models import ChargePoint, Connector, LocalList
from chargers.orders import read_order
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.site import Site
from drivers.models import IdTag, User
from evbalancer.life.people.form import form_data
from grid.domain.audit import SYSTEM
from tests.chargers.conftest import until
from tests.factories.drivers import IdTagFactory, manager_of

VERSIONS = {"1.6": OcppVersion.V16, "2.0.1": OcppVersion.V201}


@pytest.fixture
def card(connector) -> IdTag:
    return IdTagFactory(driver__community=connector.community, token="CARD1")


@pytest.fixture
def manager(connector) -> User:
    user = manager_of(connector.community)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    return user


@pytest.mark.parametrize("version", VERSIONS)
async def test_blocked_card_is_refused_by_list_and_cache_alone(
    endpoint, connector, card, manager, client, version
):
    charge_point = connector.charge_point
    key = await asyncio.to_thread(keys.issue_key, charge_point, actor=SYSTEM, now=datetime.now(UTC))
    site = Site(f"ws://127.0.0.1:{endpoint.port}/ocpp", tick_s=0.05)
    station = site.add(ChargePointSpec(id=charge_point.identity, key=key, version=version))
    async with site:
        await site.connected(timeout_s=10)
        assert await station.authorize(card.token)
        await asyncio.to_thread(send_list, connector, card)
        await asyncio.to_thread(until, LocalList.objects.exists)
        assert card.token.casefold() in station.whitelist.listed
        assert station.whitelist.cached
        station.settings.local_pre_authorize = True
        await asyncio.to_thread(block, client, manager, card)
        await site.until(lambda: not station.whitelist.listed and not station.whitelist.cached)
    assert not await station.authorize(card.token)
    assert (await asyncio.to_thread(spoken)) == VERSIONS[version]


def send_list(connector: Connector, card: IdTag) -> None:
    commands.queue_command(
        connector.charge_point,
        read_order(
            CommandKind.SEND_LOCAL_LIST,
            {"version": 7, "entries": [{"id_tag": card.token, "status": "Accepted"}]},
        ),
        by="anna",
        now=datetime.now(UTC),
    )


def block(client, manager: User, card: IdTag) -> None:
    assert LocalList.objects.get().listed == {card.token: ""}
    client.force_login(manager)
    page = reverse("admin:drivers_idtag_change", args=[card.pk])
    stamp = {"blocked_at_0": ["2026-01-01"], "blocked_at_1": ["12:00:00"]}
    assert client.post(page, form_data(client.get(page)) | stamp).status_code == 302


def spoken() -> str:
    return ChargePoint.objects.get().ocpp_version
