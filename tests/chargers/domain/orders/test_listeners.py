"""Who is handed a settled command: those of its kind whom it concerns, groups first, each with what the one before taught."""

from typing import Any

import pytest

from chargers.domain.orders import listeners
from chargers.domain.orders.listeners import GroupListener, Listener, SendingListener
from chargers.enums import CommandKind
from chargers.models import Make
from chargers.orders.trust import ClearCache
from chargers.orders.upkeep import Reset
from chargers.orders.words import ResetKind

RESET, CACHE = CommandKind.RESET, CommandKind.CLEAR_CACHE
CLEAR_CACHE, SOFT_RESET = ClearCache(), Reset(reset_kind=ResetKind.SOFT)


@pytest.fixture
def heard() -> list[Any]:
    return []


@pytest.fixture
def register(monkeypatch):
    """A table of the test's own."""
    for name in ("_listeners", "_group_listeners", "_sending_listeners"):
        monkeypatch.setattr(listeners, name, [])
    return listeners.register_listeners


def hear_as(heard, name):
    return lambda command, **_: heard.append((name, command.pk))


def test_groups_hear_all_at_once_before_anybody_hears_one(register, queue, heard, now):
    register(
        Listener(RESET, hear_as(heard, "first")),
        Listener(CACHE, hear_as(heard, "other kind")),
        GroupListener(RESET, lambda commands, **_: heard.append(("group", [one.pk for one in commands]))),
        Listener(RESET, hear_as(heard, "second")),
    )
    one, two = queue(SOFT_RESET), queue(SOFT_RESET)
    listeners.tell_listeners([one, two], now=now)
    assert heard == [
        ("group", [one.pk, two.pk]),
        ("first", one.pk), ("second", one.pk), ("first", two.pk), ("second", two.pk),
    ]  # fmt: skip


def test_command_that_concerns_nobody_is_read_again_for_nobody(
    register, queue, heard, now, django_assert_num_queries
):
    def is_hard(command):
        return command.arguments == {"kind": "hard"}

    register(
        Listener(RESET, hear_as(heard, "one"), is_hard),
        GroupListener(RESET, hear_as(heard, "group"), is_hard),
    )
    soft, hard = queue(SOFT_RESET), queue(Reset(reset_kind=ResetKind.HARD))
    assert (listeners.is_heard(soft), listeners.is_heard(hard), listeners.is_heard(queue(CLEAR_CACHE))) == (
        False, True, False,
    )  # fmt: skip
    with django_assert_num_queries(0):
        listeners.tell_listeners([soft], now=now)
    assert heard == []


def test_each_command_is_heard_with_what_the_answer_before_taught_of_the_make(
    register, queue, charge_point, now
):
    charge_point.make = Make.objects.create(vendor="V", model="M")
    charge_point.save()
    ways = []

    def learn(command, *, now):
        make = command.charge_point.make
        ways.append(make.station_way)
        make.station_way += 1
        make.save()

    register(Listener(RESET, learn))
    listeners.tell_listeners([queue(SOFT_RESET), queue(SOFT_RESET)], now=now)
    assert ways == [0, 1]


def test_claimed_commands_are_handed_over_together_before_they_are_sent(register, queue, claim, heard):
    register(SendingListener(lambda commands: heard.append([(one.pk, one.state) for one in commands])))
    command = queue(CLEAR_CACHE)
    claim()
    assert heard == [[(command.pk, "sent")]]
