"""A simulated station of either version on the wire, beside a test that is not asynchronous."""

import asyncio
import threading
from typing import Any

from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.site import Site
from chargers.simulator.profiles import Profile
from tests.chargers.conftest import until


class Simulated:
    """One simulated station in an event loop of its own."""

    def __init__(self, url: str, spec: ChargePointSpec, *, holds: Profile | None = None) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="simulated station")
        self.thread.start()
        self.site = Site(url, tick_s=0.02)
        self.station: Any = self.site.add(spec)
        if holds is not None:
            self.station.profiles.install(holds, connector_id=0, now=0.0, running=None)
        self.run(self.site.__aenter__())

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=10)

    def draws(self, current_ma: int) -> None:
        until(lambda: self.station.draw_ma()[0] == current_ma, wait_s=10)

    def stop(self) -> None:
        self.run(self.site.__aexit__(None, None, None))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=10)
        self.loop.close()
