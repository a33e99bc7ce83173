"""A limit moves when the car does: what is learnt of its taking stays, and a sleeping car is woken where there is room."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest

from chargers.domain.limits import limits as charger_limits
from chargers.domain.orders import delivery
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from drivers.models import Driver
from fleet.models import Vehicle
from grid.models import Circuit, Cluster
from scheduling.domain.balancing.rebalance import share_power
from tests.e2e import site
from tests.factories.fleet import VehicleFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
# What is learnt within a minute is judged every quarter of one; what takes an hour is played faster.
TICK, SLOW_TICK = timedelta(seconds=15), timedelta(seconds=30)


@dataclass
class Garage:
    """Charge points that obey at once, and cars that draw what `takes` says of their limit."""

    built: site.Built
    now: datetime = NOW
    tick: timedelta = TICK
    cars: dict[str, Callable[[int], int]] = field(default_factory=dict)
    written: dict[str, list[int]] = field(default_factory=dict)
    drawn: dict[str, list[int]] = field(default_factory=dict)

    def plug(self, identity: str, takes: Callable[[int], int], *, vehicle: Vehicle | None = None) -> None:
        connector = Connector.objects.select_related("charge_point__cluster").get(
            charge_point__identity=identity
        )
        session = Session.objects.create(
            community_id=connector.community_id, connector=connector, vehicle=vehicle, state=SessionState.ACTIVE,
            state_since=self.now, plugged_at=self.now, started_at=self.now, phases_seen=connector.phase_rotation,
            transaction_id=Session.objects.count() + 1,
        )  # fmt: skip
        charger_limits.transaction_started(session, now=self.now)
        self.cars[identity] = takes

    def leave(self, identity: str) -> None:
        session = Session.objects.get(connector__charge_point__identity=identity, state=SessionState.ACTIVE)
        Session.objects.filter(pk=session.pk).update(state=SessionState.ENDED, stopped_at=self.now)
        charger_limits.transaction_ended(session, now=self.now)
        Connector.objects.filter(pk=session.connector_id).update(status=ConnectorStatus.AVAILABLE)
        del self.cars[identity]

    def run(self, minutes: float) -> None:
        for _ in range(int(timedelta(minutes=minutes) / self.tick)):
            self._obey()
            share_power(self.built.cluster.pk, now=self.now)
            self._obey()
            self._draw()
            self.now += self.tick

    def _obey(self) -> None:
        for command in ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED):
            command.state = CommandState.SENT
            command.save()
            delivery.record_answer(command.pk, state=CommandState.ACCEPTED, now=self.now)
            self.written.setdefault(command.connector.charge_point.identity, []).append(command.limit_ma)

    def _draw(self) -> None:
        for identity, takes in self.cars.items():
            connector = Connector.objects.get(charge_point__identity=identity)
            limit_ma = connector.confirmed_ma or 0
            drawn_ma = takes(limit_ma) if limit_ma else 0
            self.drawn.setdefault(identity, []).append(drawn_ma)
            on = [f"current_l{'RST'.index(letter) + 1}_ma" for letter in connector.phase_rotation]
            Session.objects.filter(connector=connector, state=SessionState.ACTIVE).update(
                metered_at=self.now, **dict.fromkeys(on, drawn_ma)
            )
            status = (
                ConnectorStatus.CHARGING if drawn_ma
                else ConnectorStatus.SUSPENDED_EV if limit_ma
                else ConnectorStatus.SUSPENDED_EVSE
            )  # fmt: skip
            if status != connector.status:
                Connector.objects.filter(pk=connector.pk).update(status=status, status_at=self.now)

    def moves(self, identity: str) -> list[int]:
        """The limits written, without what only renewed them."""
        return [limit_ma for limit_ma, _ in groupby(self.written.get(identity, []))]

    def carries(self, current_ma: int) -> None:
        Circuit.objects.filter(name="Panel B").update(
            limit_l1_ma=current_ma, limit_l2_ma=current_ma, limit_l3_ma=current_ma
        )


@pytest.fixture
def garage() -> Garage:
    built = site.build()
    ChargePoint.objects.filter(identity__in=("B1", "B5")).update(online_until=NOW + timedelta(days=1))
    # The others never connected and hold nothing: each costs every rebalance its share.
    others = ChargePoint.objects.exclude(identity__in=("B1", "B5"))
    Connector.objects.filter(charge_point__in=others).delete()
    others.delete()
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.AVAILABLE)
    Circuit.objects.update(base_load_max_l1_ma=0, base_load_max_l2_ma=0, base_load_max_l3_ma=0)
    Cluster.objects.update(margin_ma=0)
    return Garage(built)


def up_to(most_ma: int, *, from_ma: int = 0) -> Callable[[int], int]:
    return lambda limit_ma: min(limit_ma, most_ma) if limit_ma >= from_ma else 0


@pytest.mark.promise("E20")
@pytest.mark.parametrize(("takes_ma", "learnt_ma"), [(16_000, 18_000), (10_300, 13_000), (7_000, 9_000)])
def test_car_that_takes_less_is_learnt_once(garage: Garage, takes_ma: int, learnt_ma: int) -> None:
    garage.plug("B1", up_to(takes_ma))
    garage.run(minutes=15)
    assert garage.moves("B1") == [32_000, learnt_ma]
    # A lease of two minutes is renewed every one.
    assert len(garage.written["B1"]) <= 2 + 15


@pytest.mark.promise("E20")
def test_readings_that_waver_move_no_limit(garage: Garage) -> None:
    wavering = iter(range(10_000))
    garage.plug("B1", lambda limit_ma: min(limit_ma, 16_000 + 400 * (next(wavering) % 3 - 1)))
    garage.run(minutes=15)
    assert garage.moves("B1") == [32_000, 18_000]


@pytest.mark.promise("E20")
def test_two_cars_come_to_rest_and_neither_is_cut_below_what_it_draws(garage: Garage) -> None:
    garage.plug("B1", up_to(16_000))
    garage.plug("B5", up_to(16_000))
    garage.run(minutes=5)
    assert (garage.drawn["B1"][-1], garage.drawn["B5"][-1]) == (16_000, 16_000)
    garage.written.clear()
    garage.drawn.clear()
    garage.run(minutes=10)
    assert {name: len(garage.moves(name)) for name in ("B1", "B5")} == {"B1": 1, "B5": 1}
    assert set(garage.drawn["B1"]) == set(garage.drawn["B5"]) == {16_000}


def test_what_was_learnt_outlasts_a_shortage(garage: Garage) -> None:
    garage.plug("B1", up_to(16_000))
    garage.run(minutes=3)
    garage.carries(10_000)
    garage.run(minutes=3)
    garage.carries(40_000)
    garage.run(minutes=4)
    assert garage.moves("B1") == [32_000, 18_000, 10_000, 18_000]


def test_car_that_draws_up_to_what_was_learnt_is_given_more(garage: Garage) -> None:
    garage.plug("B1", up_to(16_000))
    garage.run(minutes=3)
    garage.cars["B1"] = up_to(32_000)
    garage.run(minutes=3)
    assert garage.moves("B1") == [32_000, 18_000, 32_000]
    assert garage.drawn["B1"][-1] == 32_000


def test_sleeping_car_is_woken_when_there_is_room_and_its_least_is_kept(garage: Garage) -> None:
    garage.tick = SLOW_TICK
    driver = Driver.objects.get(name="Driver of B1")
    car = VehicleFactory(driver=driver, phases=1)
    garage.carries(7_000)
    garage.plug("B1", up_to(32_000, from_ma=8_000), vehicle=car)
    garage.run(minutes=4)
    assert garage.drawn["B1"][-1] == 0
    garage.carries(14_000)
    garage.run(minutes=4)
    assert garage.drawn["B1"][-1] == 14_000
    car.refresh_from_db()
    assert car.least_ma == 8_000
    # What can't keep it awake is no longer given: it pauses, and the next session begins with that knowledge.
    garage.carries(7_000)
    garage.run(minutes=3)
    assert garage.moves("B1")[-1] == 0
    garage.leave("B1")
    garage.written.clear()
    garage.plug("B1", up_to(32_000, from_ma=8_000), vehicle=car)
    garage.run(minutes=3)
    assert garage.moves("B1") == []
    garage.carries(8_000)
    garage.run(minutes=3)
    assert (garage.moves("B1"), garage.drawn["B1"][-1]) == ([8_000], 8_000)


@pytest.mark.parametrize("from_ma", [10_000, 13_000])
def test_sleeping_car_is_offered_all_there_is_in_the_end(garage: Garage, from_ma: int) -> None:
    garage.tick = SLOW_TICK
    garage.carries(7_000)
    garage.plug("B1", up_to(32_000, from_ma=from_ma))
    garage.run(minutes=3)
    garage.carries(40_000)
    garage.run(minutes=8)
    assert garage.drawn["B1"][-1] == 32_000


def test_car_that_wants_nothing_is_left_alone_longer_each_time(garage: Garage) -> None:
    garage.tick = SLOW_TICK
    garage.plug("B1", up_to(0))
    garage.run(minutes=20)
    early = garage.moves("B1")
    garage.written.clear()
    garage.run(minutes=20)
    assert early.count(8_000) in (1, 2)
    assert len(garage.moves("B1")) <= 5
