import asyncio

import pytest
from ocpp.exceptions import GenericError

from chargers.simulator import talker as talker_module
from chargers.simulator.talker import Queued, Talker


def make(**options):
    return Talker(**{"attempts": lambda: 2, "retry_s": lambda: 0, "replays": lambda _: 0, **options})


async def talk(talker, call, *, until):
    task = asyncio.create_task(talker.run(call))
    async with asyncio.timeout(2):
        while not until():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def message(kind, said):
    return Queued(kind, lambda: said)


async def test_messages_go_out_in_the_order_they_happened():
    said, talker = [], make()
    talker.connected = True
    talker.notify(lambda: "preparing")
    talker.queue(message("start", "start"))
    talker.notify(lambda: "charging")
    talker.register()

    async def call(payload):
        said.append(payload)

    await talk(talker, call, until=lambda: talker.idle)
    assert said == ["preparing", "start", "charging"]


async def test_transaction_messages_wait_for_the_registration_and_notifications_do_not():
    said, talker = [], make()
    talker.connected = True
    talker.queue(message("start", "start"))
    talker.notify(lambda: "booted")

    async def call(payload):
        said.append(payload)

    await talk(talker, call, until=lambda: said)
    assert (said, len(talker.outbox)) == (["booted"], 1)


async def test_notification_without_a_connection_is_lost():
    talker = make()
    talker.notify(lambda: "nobody hears")
    assert talker.idle


async def test_notifications_overtake_a_backlog():
    said, talker = [], make()
    talker.connected = True
    for number in range(5):
        talker.queue(message("meter", number))
    talker.notify(lambda: "status")
    talker.register()

    async def call(payload):
        said.append(payload)

    await talk(talker, call, until=lambda: talker.idle)
    assert said == ["status", 0, 1, 2, 3, 4]


async def test_refused_message_is_tried_again_and_then_given_up_for_the_next():
    said, talker = [], make()
    talker.connected = True
    talker.register()
    talker.queue(message("start", "bad"))
    talker.queue(message("stop", "good"))

    async def call(payload):
        said.append(payload)
        if payload == "bad":
            raise GenericError

    await talk(talker, call, until=lambda: talker.idle)
    assert (said, talker.dropped) == (["bad", "bad", "good"], 1)


async def test_end_of_the_connection_keeps_the_message_for_the_next_one():
    talker = make()
    talker.connected = True
    talker.register()
    talker.queue(message("stop", "stop"))

    async def broken(payload):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await talker.run(broken)
    talker.hang_up()
    assert [one.build() for one in talker.outbox] == ["stop"]


async def test_start_is_said_again_as_often_as_the_fault_says():
    said, answers, talker = [], [], make(replays=lambda kind: 2 if kind == "start" else 0)
    talker.connected = True
    talker.register()
    talker.queue(Queued("start", lambda: "start", answers.append))

    async def call(payload):
        said.append(payload)
        return len(said)

    await talk(talker, call, until=lambda: talker.idle)
    assert (said, answers) == (["start"] * 3, [3])


def test_full_memory_drops_the_oldest_meter_values_only(monkeypatch):
    monkeypatch.setattr(talker_module, "MAX_QUEUED", 3)
    talker = make()
    for kind, said in (("start", "start"), ("meter", 1), ("meter", 2), ("stop", "stop"), ("start", "again")):
        talker.queue(message(kind, said))
    assert [one.build() for one in talker.outbox] == ["start", "stop", "again"]
    assert talker.dropped == 2


async def test_every_message_about_a_transaction_may_be_said_again():
    said, talker = [], make(replays=lambda kind: 0 if kind == "start" else 1)
    talker.connected = True
    talker.register()
    for kind in ("start", "meter", "stop"):
        talker.queue(message(kind, kind))

    async def call(payload):
        said.append(payload)
        return {}

    await talk(talker, call, until=lambda: talker.idle)
    assert said == ["start", "meter", "meter", "stop", "stop"]
