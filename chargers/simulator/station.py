from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Coroutine
from typing import Any, ClassVar

from ocpp.exceptions import GenericError, OCPPError, UnknownCallErrorCodeError
from websockets.exceptions import WebSocketException

from chargers.simulator.link import Dial, Link, LinkError, Wire, dial_websocket
from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.connector import Connector, Transaction
from chargers.simulator.plant.plant import Plant
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.profiles import ProfileError
from chargers.simulator.talker import Talker
from chargers.simulator.trust import TrustStore
from chargers.simulator.whitelist import TagInfo, Whitelist

logger = logging.getLogger(__name__)


class Station(Plant):
    """A charge point, whatever version it speaks: drivers, transactions, and its way online.

    Version-specific subclasses turn the `announce_*` calls into messages and the server's requests into the methods
    here. Nothing but the connection moves on its own.
    """

    subprotocol: ClassVar[str]
    requests: ClassVar[Any]  # the package's requests of the version
    link: Link

    def __init__(
        self,
        spec: ChargePointSpec,
        *,
        url: str,
        speed: float = 1.0,
        seed: int = 0,
        dial: Dial = dial_websocket,
    ) -> None:
        super().__init__(spec, speed=speed)
        self.whitelist = Whitelist()
        self.trust = TrustStore()
        self.firmware_status = "Idle"
        self.log_status = ("Idle", 0)  # and the request it is about
        self.key = spec.key.encode()
        self.rng = random.Random(f"{seed}:{spec.id}")
        self.registration = ""  # the server's last answer to BootNotification
        self.boots = 0
        self.last_reset = ""  # why it booted last
        self.transactions: deque[Transaction] = deque(maxlen=1000)  # that it began, newest last
        self.complaints: deque[str] = deque(maxlen=100)  # what the server said against its own protocol
        self.talker = Talker(
            attempts=lambda: self.settings.message_attempts,
            retry_s=lambda: self.settings.message_retry_s,
            replays=self._replays_of,
        )
        self.link = Link(
            url=url,
            identity=spec.id,
            subprotocol=self.subprotocol,
            password=lambda: self.key,
            backoff_s=lambda: (self.settings.backoff_first_s, self.settings.backoff_most_s),
            session=self._converse,
            rng=self.rng,
            tls=spec.tls,
            dial=dial,
        )
        self.protocol: Any = None  # the ocpp package's charge point of the open connection
        self._booted = False
        self._main: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def _replays_of(self, kind: str) -> int:
        return self.faults.start_replays if kind == "start" else self.faults.event_replays

    # What a protocol version must know

    @abstractmethod
    def open_protocol(self, wire: Wire) -> Any: ...

    @abstractmethod
    async def boot(self) -> tuple[str, int]:
        """Send BootNotification; the status and the interval of the answer."""

    @abstractmethod
    async def beat(self) -> None: ...

    @abstractmethod
    async def ask_authorization(self, id_tag: str) -> TagInfo: ...

    @abstractmethod
    def announce_started(self, connector: Connector, transaction: Transaction) -> None: ...

    @abstractmethod
    def announce_stopped(
        self, connector: Connector, transaction: Transaction, *, reason: str, id_tag: str | None
    ) -> None: ...

    @abstractmethod
    def ask_for_certificate(self) -> None: ...

    # Life

    def start(self) -> None:
        self._main = asyncio.create_task(self.link.run(), name=f"charge point {self.spec.id}")

    async def stop(self) -> None:
        """Disconnect and leave no task behind."""
        self.link.closing = True
        tasks = [task for task in (self._main, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._main = None

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the connection; an end of the connection is a normal end of it."""
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (OSError, OCPPError, WebSocketException) as error:
            logger.info("%s: %r", self.spec.id, error)
        except Exception:
            logger.exception("%s: the simulated charge point failed", self.spec.id)

    @property
    def online(self) -> bool:
        """Connected and accepted."""
        return self.talker.registered

    async def call(self, payload: Any) -> Any:
        """Send a request and return the answer; OCPPError for a CALLERROR, OSError without an answer."""
        if self.protocol is None:
            raise LinkError("offline")
        try:
            return await self.protocol.call(payload, suppress=False, skip_schema_validation=True)
        except WebSocketException as error:
            raise LinkError("the connection ended") from error
        except UnknownCallErrorCodeError as error:
            self.complaints.append(str(error))
            raise GenericError from error

    def set_password(self, text: str) -> None:
        """A new key, used from the next connection on, which follows at once; ValueError when it is none."""
        key = bytes.fromhex(text) if self.spec.hex_keys else text.encode()
        if not 16 <= len(key) <= 40:
            raise ValueError("a key has 16 to 40 bytes")
        self.key = key
        self.spawn(self._reconnect())

    async def _reconnect(self) -> None:
        await asyncio.sleep(0.05)  # the answer goes out over the old connection
        await self.link.hang_up()

    # The connection

    async def _converse(self, wire: Wire) -> None:
        self.protocol = self.open_protocol(wire)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.protocol.start())
                group.create_task(self._ping(wire))
                self.talker.connected = True
                group.create_task(self.talker.run(self.call))
                await self._register()
                self.link.settled()
                self.talker.register()
                self._status_after_connect()
                group.create_task(self._heartbeat())
        finally:
            self.protocol.hang_up()
            self.protocol = None
            self.talker.hang_up()

    async def _register(self) -> None:
        if self._booted and not self.spec.boots_on_reconnect:
            return
        while True:
            interval_s = await self.boot_once()
            if self.registration == "Accepted":
                break
            await asyncio.sleep(interval_s or 10)
        self._booted = True
        self.boots += 1

    async def boot_once(self) -> int:
        """One BootNotification, also when the server triggers one; the interval it asks for."""
        self.registration, interval_s = await self.boot()
        if self.registration == "Accepted" and interval_s > 0:
            self.settings.heartbeat_s = interval_s
        return interval_s

    def say(self, request: Any) -> None:
        """Send a notification when its turn comes; lost without a connection."""
        self.talker.notify(lambda: request)

    def security_event(self, kind: str, detail: str | None = None) -> None:
        now = self.clock.text(self.clock.now())
        self.say(self.requests.SecurityEventNotification(type=kind, timestamp=now, tech_info=detail))

    def tell_status(self, connector: Connector) -> None:
        """The state of a connector, even if nothing changed: the server asked."""
        self.announce_status(connector)

    def announce_station(self) -> None:
        """The state of the charge point as a whole, where the protocol has such a thing."""
        return

    def _status_after_connect(self) -> None:
        self.announce_station()
        for connector in self.connectors.values():
            connector.reported_status = None
            self.watch_status(connector, time.monotonic(), at_once=True)

    async def _heartbeat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            beaten_s = loop.time()
            # In slices, so that a shorter interval does not have to wait for the longer one to end.
            while (left_s := beaten_s + max(1, self.settings.heartbeat_s) - loop.time()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(min(left_s, 2))
            with contextlib.suppress(OCPPError):
                await self.beat()

    async def _ping(self, wire: Wire) -> None:
        while True:
            ping_s = self.settings.ping_s
            await asyncio.sleep(ping_s or 5)
            if ping_s and not self.faults.silent:
                await wire.ping(timeout_s=max(5, ping_s))

    # Drivers

    async def plug_in(self, car: Car, *, id_tag: str | None = None, connector_id: int = 1) -> None:
        """Put the cable in; with id_tag the driver also shows a card."""
        connector = self.connector(connector_id)
        if connector.car is not None:
            raise ValueError(f"{self.spec.id}: connector {connector_id} is taken")
        connector.car = car
        connector.finishing = False
        self.touch()
        if connector.authorized_tag is not None:
            tag, connector.authorized_tag = connector.authorized_tag, None
            remote_start_id, connector.remote_start_id = connector.remote_start_id, None
            self.begin_transaction(connector, tag, remote_start_id=remote_start_id)
        elif id_tag is not None:
            self.spawn(self._show_card(id_tag, connector_id))

    async def _show_card(self, id_tag: str, connector_id: int) -> None:
        await self.present_card(id_tag, connector_id=connector_id)

    async def unplug(self, *, connector_id: int = 1) -> Car | None:
        """Take the cable out and give the car back."""
        connector = self.connector(connector_id)
        self.touch()  # the last moments count for the meter
        car, connector.car = connector.car, None
        if car is not None:
            car.cut_off()
        connector.finishing = False
        if connector.transaction is not None and self.settings.stop_on_unplug:
            self.end_transaction(connector, reason="EVDisconnected")
        self.touch()
        return car

    async def present_card(self, id_tag: str, *, connector_id: int = 1) -> bool | None:
        """A driver holds a card to the reader: starts, or stops the transaction of the same card.

        False is a refusal; None says that nobody could be asked.
        """
        connector = self.connector(connector_id)
        transaction = connector.transaction
        if transaction is not None:
            if transaction.id_tag.casefold() != id_tag.casefold():
                return False
            self.end_transaction(connector, reason="Local", id_tag=id_tag)
            return True
        if not self._usable(connector):
            return False
        verdict = await self._verdict(id_tag)
        if not verdict or not self.may_use(connector, id_tag):
            return verdict and False
        self.admit(connector, id_tag)
        return True

    def _usable(self, connector: Connector) -> bool:
        return connector.operative and self.available and connector.error_code == "NoError"

    def may_use(self, connector: Connector, id_tag: str) -> bool:
        """Whether a connector works and is not reserved for somebody else (1.6 section 5.13: tag or parent)."""
        reservation = connector.reservation
        if reservation is None or reservation.id_tag.casefold() == id_tag.casefold():
            return self._usable(connector)
        known = self.whitelist.find(id_tag)
        parent = known.parent if known else None
        return self._usable(connector) and parent is not None and parent == reservation.parent_id_tag

    def admit(self, connector: Connector, id_tag: str, *, remote_start_id: int | None = None) -> None:
        """An authorized driver: charge if the cable is in, else wait for it for the connection time-out."""
        if connector.transaction is not None:
            return
        if connector.car is None:
            connector.authorized_tag, connector.remote_start_id = id_tag, remote_start_id
            connector.authorized_until_s = time.monotonic() + self.settings.connection_timeout_s
            self.touch()
        else:
            self.begin_transaction(connector, id_tag, remote_start_id=remote_start_id)

    async def authorize(self, id_tag: str) -> bool:
        return bool(await self._verdict(id_tag))

    async def _verdict(self, id_tag: str) -> bool | None:
        known = self.whitelist.find(
            id_tag, use_list=self.settings.local_list_enabled, use_cache=self.settings.cache_enabled
        )
        now = self.clock.now()
        if self.settings.local_pre_authorize and known is not None and known.allows(now):
            return True
        if self.online:
            try:
                info = await self.ask_authorization(id_tag)
            except (OCPPError, OSError) as error:
                logger.info("%s: not authorized: %r", self.spec.id, error)
            else:
                self.whitelist.remember(id_tag, info)
                return info.allows(now)
        if known is not None and self.settings.local_authorize_offline:
            return known.allows(now)
        return True if self.settings.allow_offline_unknown else None

    # Transactions

    def begin_transaction(
        self, connector: Connector, id_tag: str, *, remote_start_id: int | None = None
    ) -> Transaction:
        now_s = time.monotonic()
        reservation = connector.reservation
        transaction = Transaction(
            connector_id=connector.id,
            id_tag=id_tag,
            started_at=self.clock.now(),
            meter_start_wh=round(connector.register_wh),
            reservation_id=reservation.id if reservation else None,
            remote_start_id=remote_start_id,
        )
        connector.transaction = transaction
        self.transactions.append(transaction)
        connector.reservation = None
        connector.next_sample_s = now_s + self.settings.sample_s
        profile, connector.start_profile = connector.start_profile, None
        if profile is not None:
            with contextlib.suppress(
                ProfileError
            ):  # checked when it came, but the memory may have filled since
                self.profiles.install(
                    profile,
                    connector_id=connector.id,
                    now=transaction.started_at,
                    running=connector.running(None),
                )
        self.announce_started(connector, transaction)
        self.touch()
        return transaction

    def end_transaction(self, connector: Connector, *, reason: str, id_tag: str | None = None) -> None:
        transaction = connector.transaction
        if transaction is None:
            return
        connector.meter_to(time.monotonic())
        self.announce_stopped(connector, transaction, reason=reason, id_tag=id_tag)
        connector.transaction = None
        connector.finishing = connector.car is not None
        self.profiles.end_transaction(connector.id)
        if connector.inoperative_after_transaction:
            connector.operative, connector.inoperative_after_transaction = False, False
        self.touch()

    def deny(self, connector: Connector, transaction: Transaction) -> None:
        """The server did not accept the tag of a transaction that already runs."""
        if connector.transaction is not transaction or self.faults.ignores_denial:
            return
        if self.settings.stop_on_invalid_tag:
            self.end_transaction(connector, reason="DeAuthorized")
        else:
            transaction.denied = True
            self.touch()

    # Reboot

    async def reboot(self, *, reason: str) -> None:
        """Stop everything, go away for a while and boot. A soft reset tells the server before, a hard one after."""
        for connector in self.connectors.values():
            self.end_transaction(connector, reason=reason)
        await self._restart(reason)

    async def crash(self, *, keeps_transactions: bool) -> None:
        """Boot without a word of what runs. Kept transactions go on and count their events from 0; others are forgotten."""
        for connector in self.connectors.values():
            connector.meter_to(time.monotonic())
            if connector.transaction is not None and keeps_transactions:
                connector.transaction.seq_no = 0
            elif connector.transaction is not None:
                connector.transaction = None
        await self._restart("PowerLoss")

    async def _restart(self, reason: str) -> None:
        if reason == "SoftReset" and self.online:
            for _ in range(50):
                if self.talker.idle:
                    break
                await asyncio.sleep(0.1)
        self._booted = False
        self.registration = ""
        self.last_reset = reason
        self.profiles.forget_transactions()
        self.link.unplug_network()
        await asyncio.sleep(self.spec.reboot_s)
        self.link.plug_network()
