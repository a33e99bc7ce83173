import asyncio

from evbalancer.common import topics
from evbalancer.life import server
from evbalancer.life.lines import Network
from evbalancer.life.server import Server


def test_second_process_goes_on_telling_when_the_first_is_killed(monkeypatch):
    """What it commits is told on the loop that runs: of a thread with a loop nothing is told in another way."""
    monkeypatch.setattr(server, "ROWS", [])
    told = []
    monkeypatch.setattr(topics, "send_on", told.append)

    async def live():
        one = Server(Network(seed=1))
        async with one.rivalled():
            await one.kill()
            assert told == [asyncio.get_running_loop()]
        assert told[1:] == [None]

    asyncio.run(live())
