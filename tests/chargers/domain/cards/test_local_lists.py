"""A charge point's local list and cache follow what cards are worth."""

from datetime import timedelta

import pytest
from django.urls import reverse

from chargers.domain.cards import auth_caches, local_lists
from chargers.domain.orders import commands, delivery
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import AccessRule, ChargePoint, ChargerCommand, LocalList
from chargers.orders import read_order
from drivers.domain import drivers
from drivers.models import Driver, IdTag, User
from evbalancer.life.people.form import form_data
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import FlatFactory, IdTagFactory, manager_of

LIST, CACHE = CommandKind.SEND_LOCAL_LIST, CommandKind.CLEAR_CACHE


@pytest.fixture
def charge_point(connector):
    ChargePoint.objects.filter(pk=connector.charge_point_id).update(ocpp_version=OcppVersion.V16)
    connector.charge_point.refresh_from_db()
    return connector.charge_point


@pytest.fixture
def cards(charge_point):
    return [IdTagFactory(driver__community=charge_point.community, token=f"CARD{n}") for n in range(3)]


@pytest.fixture
def settle(now):
    def settle(command, state=CommandState.ACCEPTED, result=None):
        ChargerCommand.objects.filter(pk=command.pk).update(state=CommandState.SENT, sent_at=now)
        assert delivery.record_answer(command.pk, state=state, now=now, result=result)

    return settle


@pytest.fixture
def send(charge_point, settle, now):
    """A list that a person sends by hand, and the charge point takes."""

    def send(*tokens, differential=False, **more):
        arguments = {
            "version": local_lists.next_version(charge_point),
            "differential": differential,
            "entries": [{"id_tag": token, "status": "Accepted", **more} for token in tokens],
        }
        settle(commands.queue_command(charge_point, read_order(LIST, arguments), by="anna", now=now))

    return send


@pytest.fixture
def listed(send, cards):
    send(*(card.token for card in cards))
    return cards


def queued(kind=LIST, **lookup):
    rows = ChargerCommand.objects.filter(kind=kind, state=CommandState.QUEUED, **lookup)
    return list(rows.order_by("queued_at", "pk"))


def told(command):
    return command.arguments["differential"], command.arguments["entries"]


def held():
    return sorted(LocalList.objects.get().listed)


def change(card, now, **values):
    IdTag.objects.filter(pk=card.pk).update(**values)
    drivers.tags_changed(card.community_id, is_withdrawal=True)


def test_list_that_was_never_sent_is_not_followed(charge_point, cards, now):
    change(cards[0], now, blocked_at=now)
    assert (queued(), LocalList.objects.count()) == ([], 0)


def test_blocked_card_is_taken_off_and_comes_back(listed, settle, now):
    change(listed[1], now, blocked_at=now)
    (order,) = queued()
    assert (order.arguments["version"], told(order)) == (2, (True, [{"id_tag": "CARD1"}]))
    settle(order)
    assert (held(), queued()) == (["CARD0", "CARD2"], [])
    change(listed[1], now, blocked_at=None)
    (order,) = queued()
    assert (order.arguments["version"], told(order)) == (
        3,
        (True, [{"id_tag": "CARD1", "status": "Accepted"}]),
    )


def test_expiry_goes_along_so_that_a_card_ends_by_itself(listed, now):
    until = now + timedelta(days=3650)
    change(listed[0], now, expires_at=until)
    (order,) = queued()
    assert told(order) == (
        True,
        [{"id_tag": "CARD0", "status": "Accepted", "expires_at": until.isoformat()}],
    )


def test_several_changes_before_it_is_sent_are_one_message(listed, now):
    for card in listed[:2]:
        change(card, now, blocked_at=now)
    (order,) = queued()
    assert told(order) == (True, [{"id_tag": "CARD0"}, {"id_tag": "CARD1"}])
    assert len(queued(CACHE)) == 1


def test_change_while_an_answer_is_awaited_goes_after_it(listed, settle, now):
    change(listed[0], now, blocked_at=now)
    (order,) = queued()
    ChargerCommand.objects.filter(pk=order.pk).update(state=CommandState.SENT, sent_at=now)
    change(listed[1], now, blocked_at=now)
    assert queued() == []
    settle(order)
    assert [told(order) for order in queued()] == [(True, [{"id_tag": "CARD1"}])]


@pytest.mark.parametrize("state", [CommandState.REJECTED, CommandState.UNKNOWN, CommandState.ERROR])
def test_whole_list_follows_an_update_that_was_not_taken(listed, settle, now, state):
    change(listed[0], now, blocked_at=now)
    settle(queued()[0], state, {"status": "VersionMismatch"})
    (order,) = queued()
    entries = [{"id_tag": card.token, "status": "Accepted"} for card in listed[1:]]
    assert (order.arguments["version"], told(order)) == (3, (False, entries))
    settle(order)
    assert (held(), queued(), LocalList.objects.get().failures) == (["CARD1", "CARD2"], [], 0)


def test_one_that_refuses_everything_is_left_alone_until_the_next_change(listed, settle, now):
    change(listed[0], now, blocked_at=now)
    for _ in range(2):
        settle(queued()[0], CommandState.REJECTED, {"status": "Failed"})
    assert queued() == []
    local_lists.follow_all(now=now)
    settle(queued()[0], CommandState.REJECTED, {"status": "Failed"})
    local_lists.follow_all(now=now)
    assert queued() == []
    change(listed[1], now, blocked_at=now)
    assert len(queued()) == 1


def test_long_list_goes_in_pieces_that_the_charge_point_takes(charge_point, listed, settle, now):
    (question,) = queued(CommandKind.READ_CONFIGURATION)
    told_of = {"SendLocalListMaxLength": "2", "LocalAuthListMaxLength": "6"}
    entries = [{"key": key, "readonly": True, "value": value} for key, value in told_of.items()]
    settle(question, result={"configurationKey": entries})
    for number in range(3, 9):
        IdTagFactory(driver__community=charge_point.community, token=f"CARD{number}")
    change(listed[0], now, blocked_at=now)
    settle(queued()[0], CommandState.REJECTED, {"status": "VersionMismatch"})
    pieces = []
    while queued():
        (order,) = queued()
        is_differential, entries = told(order)
        pieces.append((is_differential, len(entries)))
        settle(order)
    assert pieces == [(False, 2), (True, 2), (True, 2)]
    assert {"CARD1", "CARD2"} < set(held())
    assert len(held()) == 6


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "9999999", "²"])
def test_length_that_is_none_is_not_kept(listed, settle, value):
    (question,) = queued(CommandKind.READ_CONFIGURATION)
    entry = {"key": "SendLocalListMaxLength", "readonly": True, "value": value}
    settle(question, result={"configurationKey": [entry]})
    assert LocalList.objects.get().batch is None


def test_cards_that_a_person_chose_are_followed_and_no_others(charge_point, cards, send, now):
    send("CARD0", "CARD1")
    IdTagFactory(driver__community=charge_point.community, token="NEW")
    change(cards[0], now, blocked_at=now)
    assert [told(order) for order in queued()] == [(True, [{"id_tag": "CARD0"}])]


def test_card_that_a_person_took_off_by_hand_stays_off(listed, charge_point, settle, now):
    arguments = {"version": 2, "differential": True, "entries": [{"id_tag": "CARD2"}]}
    settle(commands.queue_command(charge_point, read_order(LIST, arguments), by="anna", now=now))
    local_lists.follow_all(now=now)
    assert (held(), queued()) == (["CARD0", "CARD1"], [])


def test_card_too_long_for_its_protocol_is_left_out(listed, charge_point, now):
    card = IdTagFactory(driver__community=charge_point.community, token="A" * 21)
    change(card, now)
    assert queued() == []


def test_lapsed_suspension_brings_a_card_back(listed, settle, now):
    later = now + timedelta(days=1)
    Driver.objects.filter(pk=listed[0].driver_id).update(suspended_until=later)
    local_lists.follow_all(now=now)
    settle(queued()[0])
    local_lists.follow_all(now=now)
    assert (held(), queued()) == (["CARD1", "CARD2"], [])
    local_lists.follow_all(now=later)
    assert [told(order) for order in queued()] == [(True, [{"id_tag": "CARD0", "status": "Accepted"}])]


def test_caches_of_the_community_alone_are_cleared_when_a_card_is_withdrawn(charge_point, cards, now):
    ConnectorFactory(charge_point__ocpp_version=OcppVersion.V201)
    ConnectorFactory(circuit=charge_point.connectors.get().circuit)  # it never connected
    drivers.tags_changed(charge_point.community_id, is_withdrawal=False)
    assert queued(CACHE) == []
    change(cards[0], now, blocked_at=now)
    assert [order.charge_point for order in queued(CACHE)] == [charge_point]


def test_cache_is_cleared_again_where_nobody_knows_whether_it_was(charge_point, cards, settle, now):
    change(cards[0], now, blocked_at=now)
    for _ in range(auth_caches.TRIES):
        settle(queued(CACHE)[0], CommandState.UNKNOWN)
    assert queued(CACHE) == []
    change(cards[1], now, blocked_at=now)
    settle(queued(CACHE)[0], CommandState.REJECTED)
    assert queued(CACHE) == []


def block_card(browser, card):
    page = reverse("admin:drivers_idtag_change", args=[card.pk])
    stamp = {"blocked_at_0": ["2026-01-01"], "blocked_at_1": ["12:00:00"]}
    return browser.post(page, form_data(browser.get(page)) | stamp)


def retire_driver(browser, card):
    page = reverse("admin:drivers_driver_change", args=[card.driver_id])
    stamp = {"retired_at_0": ["2026-01-01"], "retired_at_1": ["12:00:00"]}
    return browser.post(page, form_data(browser.get(page)) | stamp)


@pytest.mark.parametrize("act", [block_card, retire_driver])
def test_withdrawal_in_the_admin_reaches_list_and_cache(client, listed, charge_point, act):
    manager = manager_of(charge_point.community)
    User.objects.filter(pk=manager.pk).update(is_staff=True)
    client.force_login(manager)
    assert act(client, listed[0]).status_code == 302
    assert [told(order) for order in queued()] == [(True, [{"id_tag": "CARD0"}])]
    assert len(queued(CACHE)) == 1


def test_deactivated_account_reaches_list_and_cache(admin_client, listed):
    page = reverse("admin:drivers_user_change", args=[listed[0].driver.user_id])
    data = form_data(admin_client.get(page))
    data.pop("is_active")
    assert admin_client.post(page, data).status_code == 302
    assert [told(order) for order in queued()] == [(True, [{"id_tag": "CARD0"}])]
    assert len(queued(CACHE)) == 1


def test_a_list_holds_the_cards_that_may_charge_there_for_as_long_as_they_may(
    charge_point, connector, cards, send, settle, now
):
    """Otherwise a charge point without a connection would let in whom it refuses with one. It is Sunday, 13:00 in Berlin."""
    ours, others, _ = cards
    ours.driver.flat = FlatFactory(community=charge_point.community)
    ours.driver.save()
    send(*(card.token for card in cards))
    flat = ours.driver.flat
    rule = {"community": charge_point.community, "connector": connector}
    AccessRule.objects.create(**rule, audience="flat", flat=flat)
    AccessRule.objects.create(**rule, audience="everybody", weekdays=64, start_min=720, end_min=1080)
    local_lists.follow_all(now=now)
    command = ChargerCommand.objects.filter(kind=LIST, state=CommandState.QUEUED).get()
    assert {each["id_tag"]: each["expires_at"] for each in command.arguments["entries"]} == {
        others.token: "2026-03-01T17:00:00+00:00",
        cards[2].token: "2026-03-01T17:00:00+00:00",
    }
    settle(command)
    local_lists.follow_all(now=now + timedelta(hours=6))
    gone = ChargerCommand.objects.filter(kind=LIST, state=CommandState.QUEUED).get()
    assert {each["id_tag"] for each in gone.arguments["entries"]} == {others.token, cards[2].token}
    assert not any(each.get("status") for each in gone.arguments["entries"])
    settle(gone)
    assert LocalList.objects.get().listed == {ours.token: ""}
    local_lists.follow_all(now=now + timedelta(days=7))
    again = ChargerCommand.objects.filter(kind=LIST, state=CommandState.QUEUED).get()
    assert {each["id_tag"] for each in again.arguments["entries"]} == {others.token, cards[2].token}


def test_list_that_waits_for_a_charge_point_that_is_away_stays_the_same_command(listed, now):
    change(listed[0], now, blocked_at=now)
    (order,) = queued()
    for day in range(3):
        local_lists.follow_all(now=now + timedelta(days=day))
    assert queued() == [order]
    assert ChargerCommand.objects.filter(kind=LIST).count() == 2
