"""Charge points forget the cards in their caches when one is withdrawn, and are asked again while nobody knows."""

from datetime import timedelta

import pytest

from chargers.domain.cards import auth_caches
from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import ChargerCommand
from chargers.orders.trust import ClearCache
from tests.factories.chargers import ChargePointFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def add():
    circuit = CircuitFactory()

    def add(**changes):
        return ChargePointFactory(circuit=circuit, **{"ocpp_version": OcppVersion.V16} | changes)

    return add


def queued():
    rows = ChargerCommand.objects.filter(kind=CommandKind.CLEAR_CACHE, state=CommandState.QUEUED)
    return list(rows.order_by("charge_point__name").values_list("charge_point__name", flat=True))


def settle(state, at):
    command = ChargerCommand.objects.get(state=CommandState.QUEUED)
    command.state, command.answered_at = state, at
    command.save()
    return command


def clear(charge_point, now):
    auth_caches.clear_caches(charge_point.community_id, now=now)


def test_those_in_use_of_the_community_that_ever_connected_are_asked_once(add, now):
    here = add(name="A")
    add(name="B", ocpp_version=OcppVersion.V21)
    add(name="never connected", ocpp_version="")
    add(name="retired", retired_at=now)
    ChargePointFactory(name="elsewhere", ocpp_version=OcppVersion.V16)
    for _ in range(2):
        clear(here, now)
    assert queued() == ["A", "B"]


def test_order_waits_as_long_as_a_charge_point_may_be_away_and_is_given_again_after_it_lapsed(add, now):
    here = add()
    clear(here, now)
    order = ChargerCommand.objects.get()
    assert order.expires_at - now == timedelta(days=90)
    clear(here, order.expires_at)
    assert ChargerCommand.objects.count() == 2


def test_one_that_a_person_ordered_does_not_stand_for_ours(add, now):
    here = add(name="A")
    commands.queue_command(here, ClearCache(), by="anna", now=now)
    clear(here, now)
    assert queued() == ["A", "A"]


def test_one_in_doubt_is_asked_three_times_within_an_hour_and_again_after_it(add, now):
    here = add(name="A")
    clear(here, now)
    for _ in range(2):
        auth_caches.clear_again(settle(CommandState.UNKNOWN, now), now=now)
        assert queued() == ["A"]
    third = settle(CommandState.ERROR, now)
    auth_caches.clear_again(third, now=now + timedelta(minutes=59))
    assert queued() == []
    auth_caches.clear_again(third, now=now + timedelta(hours=1))
    auth_caches.clear_again(third, now=now + timedelta(hours=1))
    assert queued() == ["A"]


@pytest.mark.parametrize("state", CommandState)
def test_only_an_order_of_ours_without_a_clear_answer_is_in_doubt(add, now, state):
    here = add()
    clear(here, now)
    ours = settle(state, now)
    theirs = commands.queue_command(here, ClearCache(), by="anna", now=now)
    theirs.state = state
    in_doubt = state in {CommandState.UNKNOWN, CommandState.ERROR}
    assert (auth_caches.is_in_doubt(ours), auth_caches.is_in_doubt(theirs)) == (in_doubt, False)
