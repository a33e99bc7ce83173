"""One connector as a value: its row and commands, its charge point with a car, and what is on the wire between them.

The row is kept by the simulation's server, which calls the product's `Exposure`; the charge point is the simulation's `Station`, which
knows nothing of it. Every moment is told from now, so that two places that can only go on alike are equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from chargers.exposure import ALWAYS_S, Exposure, Piece, Span, Timing
from scheduling.domain.balancing.gate import Terms
from tests.scheduling.safety.server import DONE, SENT, Command, Row, Server
from tests.scheduling.safety.station import Profile, Station

NOW_S, TICK_S = 1_000.0, 10.0
# Everything is a whole number of ticks, so that no instant lies between two that are judged.
TIMING = Timing(settle_s=TICK_S, clock_error_s=TICK_S, start_way_s=TICK_S, silence_s=TICK_S)
TERMS = Terms(
    lease_s=3 * TICK_S,
    renew_lease_s=2 * TICK_S,
    keep_down_s=7 * TICK_S,
    renew_keep_down_s=5 * TICK_S,
    step_s=TICK_S,
    horizon_s=14 * TICK_S,
)
WAIT_S = 7 * TICK_S
NAMEPLATE_MA = 32_000
KEY = 0
ROOT = "root"


class Order(NamedTuple):
    """A command as its row keeps it."""

    number: int
    tx: int
    span: Span
    state: str


class Car(NamedTuple):
    """The charge point and its car, physically."""

    tx: int
    began_s: float
    profile: Span | None
    granted_ma: int
    lingering: tuple[tuple[float, int], ...]
    clock_late_s: float
    fallback: tuple[int, float]
    draw_ma: int


class Place(NamedTuple):
    exposure: Exposure
    row_tx: int
    orders: tuple[Order, ...]
    busy: int
    is_open: bool
    is_trusted: bool
    car: Car
    # The line: whether it lives, what goes down it, what comes up it, and what the charge point has yet to say, since when.
    is_up: bool
    down: tuple[tuple[int, int, Span], ...]
    back: tuple[tuple[int, bool], ...]
    unsaid: tuple[tuple[str, int, float], ...]


@dataclass
class Desk:
    """A place laid open: something happens to it, and it is put back as a value."""

    server: Server
    station: Station
    down: list[tuple[int, int, Span]]
    back: list[tuple[int, bool]]
    unsaid: list[tuple[str, int, float]]

    @property
    def row(self) -> Row:
        return self.server.rows[KEY]

    @property
    def sent(self) -> Command | None:
        return next((one for one in self.server.commands.values() if one.state == SENT), None)

    @property
    def is_open(self) -> bool:
        return KEY in self.server.sockets

    @property
    def is_overdue(self) -> bool:
        """A start takes longer than the longest way: nothing that shows the charge point's state comes before it."""
        return any(NOW_S - at_s > TIMING.start_way_s for _, _, at_s in self.unsaid)

    def hang_up(self) -> None:
        self.station.up = False
        self.down, self.back = [], []


def lay_open(place: Place, server: type[Server] = Server) -> Desk:
    row = Row(KEY, (ROOT,), place.exposure, tx=place.row_tx, max_ma=NAMEPLATE_MA)
    kept = server(
        rows={KEY: row}, limits={}, base_max={}, base_rise={}, terms=TERMS, dwell_s=0, raise_every_s=0
    )
    for number, tx, span, state in place.orders:
        kept.commands[number] = Command(number, KEY, tx, span, NOW_S, state=state)
    kept.numbers = max([0, place.busy, *(one.number for one in place.orders), *(n for n, _, _ in place.down)])
    if place.busy:
        kept.busy[KEY] = place.busy
    if place.is_open:
        kept.sockets.add(KEY)
    if place.is_trusted:
        kept.trusted.add(KEY)
    car = place.car
    station = Station(
        KEY,
        NAMEPLATE_MA,
        (0,),
        clock_late_s=car.clock_late_s,
        fallback=car.fallback,
        car_ma=NAMEPLATE_MA,
        car_phases=(0,),
        # As long as the product allows a car, to the last moment.
        lag_s=TIMING.settle_s,
        tx=car.tx,
        tx_began_s=car.began_s,
        profile=None if car.profile is None else Profile(*car.profile),
        up=place.is_up,
        granted_ma=car.granted_ma,
        lingering=list(car.lingering),
        draw_ma=car.draw_ma,
    )
    return Desk(kept, station, list(place.down), list(place.back), list(place.unsaid))


def put_back(desk: Desk) -> Place:
    """Numbers as small as they can be, and moments that are long gone as one."""
    server, station, row = desk.server, desk.station, desk.row
    orders = [one for one in server.commands.values() if one.state != DONE]
    # An answer that nobody waits for changes nothing.
    back = [
        (number, taken)
        for number, taken in desk.back
        if number in server.commands or number == server.busy.get(KEY)
    ]
    known = {one.number for one in orders} | {number for number, _ in back} | {server.busy.get(KEY, 0)}
    numbers = _small(known)
    down = [(number if number in known else 0, tx, span) for number, tx, span in desk.down]
    txs = _small(
        {
            row.tx,
            station.tx,
            *(one.tx for one in orders),
            *(tx for _, tx, _ in down),
            *(tx for _, tx, _ in desk.unsaid),
        }
    )
    profile = station.profile
    car = Car(
        txs[station.tx],
        max(station.tx_began_s, NOW_S - WAIT_S - TICK_S) if station.tx else 0.0,
        None if profile is None else Span(profile.limit_ma, profile.end_s),
        station.granted_ma,
        tuple(sorted(station.lingering)),
        station.clock_late_s,
        station.fallback or (NAMEPLATE_MA, 0.0),
        station.draw_ma,
    )
    return Place(
        aged(row.exposure, 0.0),
        txs[row.tx],
        tuple(Order(numbers[one.number], txs[one.tx], one.span, one.state) for one in orders),
        numbers[server.busy.get(KEY, 0)],
        desk.is_open,
        KEY in server.trusted,
        car,
        station.up,
        tuple((numbers[number], txs[tx], span) for number, tx, span in down),
        tuple((numbers[number], taken) for number, taken in back),
        tuple(
            (kind, txs[tx], max(at_s, NOW_S - TIMING.start_way_s - TICK_S)) for kind, tx, at_s in desk.unsaid
        ),
    )


def _small(numbers: set[int]) -> Mapping[int, int]:
    return {0: 0} | {number: small for small, number in enumerate(sorted(numbers - {0}), start=1)}


def ends(span: Span, gone_s: float) -> Span:
    """A profile that is over for certain ended as long ago as any other."""
    over_s = NOW_S - TIMING.clock_error_s - TIMING.settle_s - TICK_S
    return Span(span.limit_ma, max(span.end_s - gone_s, over_s))


def aged(exposure: Exposure, gone_s: float) -> Exposure:
    """The same facts told `gone_s` later."""
    wait_s = max(exposure.wait_s + TIMING.start_way_s + TIMING.clock_error_s, TIMING.silence_s)
    contact_s, from_s = exposure.contact_s, exposure.fallback_from_s
    confirmed = exposure.confirmed
    return replace(
        exposure,
        contact_s=None if contact_s is None else max(contact_s - gone_s, NOW_S - wait_s - TICK_S),
        fallback_from_s=ALWAYS_S if from_s - gone_s <= NOW_S - TICK_S else from_s - gone_s,
        confirmed=None if confirmed is None else ends(confirmed, gone_s),
        open=tuple(ends(span, gone_s) for span in exposure.open),
        in_doubt=tuple(ends(span, gone_s) for span in exposure.in_doubt),
        settling=tuple(
            Piece(ma, from_s, to_s - gone_s, on)
            for ma, from_s, to_s, on in exposure.settling
            if to_s - gone_s > NOW_S
        ),
    )
