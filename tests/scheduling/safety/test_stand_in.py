"""The simulation's server keeps a connector's facts as the product's rows do: one walk through both, compared after every step."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.limits import limits
from chargers.domain.orders import delivery
from chargers.enums import CarTurn, CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.events import CarTurned
from chargers.exposure import NEVER_S, Exposure
from chargers.models import ChargerCommand, Connector, Session
from scheduling.domain.balancing.gate import Move, Terms
from tests.chargers.domain.limits.leased import charge_at, lease_to, read, send
from tests.factories.chargers import ConnectorFactory
from tests.scheduling.safety.server import QUEUED, SENT, Row, Server

pytestmark = pytest.mark.django_db
KEY, NOW = 0, datetime(2026, 3, 2, 12, tzinfo=UTC)
WALKS, STEPS = 12, 40
LIMITS_MA = (0, 6_000, 8_000, 16_000)


class Walk:
    """What happens to one connector, done to its rows and to the stand-in."""

    def __init__(self, connector: Connector, session: Session, now: datetime) -> None:
        self.connector, self.session, self.now = connector, session, now
        row = Row(KEY, ("root",), limits.read_current_exposure(read(connector)), tx=1)
        self.stand_in = Server(rows={KEY: row}, limits={}, base_max={}, base_rise={}, terms=Terms())
        self.stand_in.sockets.add(KEY)

    @property
    def now_s(self) -> float:
        return self.now.timestamp()

    def sent(self) -> ChargerCommand | None:
        return ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, state=CommandState.SENT).first()

    def wait(self, rng: random.Random) -> None:
        self.now += timedelta(seconds=rng.choice((1, 10, 17, 60, 130)))

    def queue(self, rng: random.Random) -> None:
        limit_ma = rng.choice(LIMITS_MA)
        end_s = NEVER_S if limit_ma == 6_000 else (self.now_s + rng.choice((40, 120, 300))) // 1
        limits.queue_limit(read(self.connector), self.session, limit_ma=limit_ma, end_s=end_s, now=self.now)
        self.stand_in.queue(Move(KEY, limit_ma, end_s, "raise"), self.now_s)

    def send(self, rng: random.Random) -> None:
        self.expire(rng)
        if self.sent() is None:
            send(self.connector, self.now)
            self.stand_in.claim(KEY, self.now_s)

    def answer(self, rng: random.Random) -> None:
        command = self.sent()
        if command is not None:
            state = rng.choice((CommandState.ACCEPTED, CommandState.REJECTED))
            assert delivery.record_answer(command.pk, state=state, now=self.now)
            (mine,) = (one for one in self.stand_in.commands.values() if one.state == SENT)
            self.stand_in.answered(mine.number, state == CommandState.ACCEPTED, self.now_s)

    def time_out(self, _: random.Random) -> None:
        command = self.sent()
        if command is not None:
            assert delivery.record_answer(command.pk, state=CommandState.UNKNOWN, now=self.now)
            (mine,) = (one for one in self.stand_in.commands.values() if one.state == SENT)
            self.stand_in.busy.clear()
            self.stand_in.lose(mine, self.now_s)

    def expire(self, _: random.Random) -> None:
        delivery.expire_unsent(now=self.now)
        for mine in [one for one in self.stand_in.commands.values() if one.state == QUEUED]:
            if self.now_s - mine.queued_s >= limits.LIMIT_EXPIRES_S:
                del self.stand_in.commands[mine.number]
                row = self.stand_in.rows[KEY]
                row.exposure = row.exposure.refused(still_open=self.stand_in.still_open(KEY))

    def end_and_begin(self, _: random.Random) -> None:
        """The transaction ends, the charge point says so, and the next one begins."""
        Session.objects.filter(pk=self.session.pk).update(state=SessionState.ENDED, transaction_id=None)
        self.turn(CarTurn.ENDED)
        self.stand_in.stopped(KEY, self.stand_in.rows[KEY].tx, self.now_s)
        connector = read(self.connector)
        connector.status = ConnectorStatus.AVAILABLE
        limits.status_told(connector, connection_id=connector.charge_point.connection_id, now=self.now)
        self.stand_in.told_idle(KEY, self.now_s)
        self.compare()
        self.session = charge_at(read(self.connector), self.now)
        self.turn(CarTurn.STARTED)
        self.stand_in.started(KEY, self.stand_in.numbers + 100, (), self.now_s)

    def turn(self, turn: CarTurn) -> None:
        limits.cars_turned(
            [
                CarTurned(
                    connector_id=self.connector.pk, turn=turn, phases_seen="", stop_reason="", at=self.now
                )
            ]
        )

    def compare(self) -> None:
        # Whose charge point refused too often counts at its nameplate: a rule that the stand-in leaves out.
        Connector.objects.update(refusals=0)
        stored = limits.read_current_exposure(read(self.connector))
        assert self.ahead(stored) == self.ahead(self.stand_in.rows[KEY].exposure)

    def ahead(self, exposure: Exposure) -> list[tuple[int, int, int]]:
        """What it could draw now and at each later moment."""
        return [exposure.worst(self.now_s + later_s) for later_s in range(0, 400, 1)]


@pytest.mark.parametrize("seed", range(WALKS))
def test_stand_in_counts_what_the_rows_count(seed: int) -> None:
    rng = random.Random(seed)
    connector = lease_to(ConnectorFactory(max_current_ma=32_000), NOW)
    walk = Walk(connector, charge_at(connector, NOW), NOW)
    acts = [
        walk.wait,
        walk.queue,
        walk.send,
        walk.answer,
        walk.answer,
        walk.time_out,
        walk.expire,
        walk.end_and_begin,
    ]
    for _ in range(STEPS):
        rng.choices(acts, (3, 4, 4, 3, 3, 1, 1, 1))[0](rng)
        walk.compare()
