"""What can happen to a place. Each act says whether it could, and does it."""

from collections.abc import Callable, Mapping

from chargers.exposure import NEVER_S, Exposure, Span
from tests.scheduling.safety.scope.place import (
    KEY,
    NAMEPLATE_MA,
    NOW_S,
    TERMS,
    TICK_S,
    TIMING,
    WAIT_S,
    Car,
    Desk,
    Place,
    aged,
    ends,
    lay_open,
    put_back,
)
from tests.scheduling.safety.server import QUEUED, Command, Server


def send(desk: Desk) -> bool:
    """The socket claims the next command. A line that died swallows it."""
    command = desk.server.claim(KEY, NOW_S)
    if command is None:
        return False
    if desk.station.up:
        desk.down.append((command.number, command.tx, command.span))
    return True


def take(desk: Desk) -> bool:
    """The charge point reads the next frame and applies it, if it is for its transaction."""
    if not desk.down:
        return False
    number, tx, span = desk.down.pop(0)
    desk.back.append((number, desk.station.set_limit(tx, span.limit_ma, NOW_S, span.end_s, NOW_S)))
    return True


def refuse(desk: Desk) -> bool:
    if not desk.down:
        return False
    number, _, _ = desk.down.pop(0)
    desk.back.append((number, False))
    return True


def hear(desk: Desk) -> bool:
    """The answer arrives."""
    if not desk.back or desk.is_overdue:
        return False
    number, taken = desk.back.pop(0)
    desk.server.answered(number, taken, NOW_S)
    _free(desk, number)
    return True


def time_out(desk: Desk) -> bool:
    """Nobody waits any longer for the answer, or to send. The frame may still arrive."""
    server, command = desk.server, desk.sent
    if command is not None:
        server.lose(command, NOW_S)
        _free(desk, command.number)
        return True
    if server.busy:
        server.busy.clear()
        return True
    queued = next((one for one in server.commands.values() if one.state == QUEUED), None)
    if queued is None:
        return False
    del server.commands[queued.number]
    desk.row.exposure = desk.row.exposure.refused(still_open=server.still_open(KEY))
    return True


def _free(desk: Desk, number: int) -> None:
    if desk.server.busy.get(KEY) == number:
        del desk.server.busy[KEY]


def disconnect(desk: Desk) -> bool:
    """The line dies; nobody is told."""
    could = desk.station.up
    desk.hang_up()
    return could


def notice(desk: Desk) -> bool:
    """The server finds the line dead."""
    if desk.station.up or not desk.is_open:
        return False
    desk.server.closed(KEY, NOW_S)
    return True


def reconnect(desk: Desk) -> bool:
    if desk.station.up:
        return False
    desk.station.up = True
    desk.server.opened(KEY, NOW_S)
    return True


def tell(desk: Desk) -> bool:
    """A start or stop arrives; a charge point without either tells its status after it connected."""
    server, station = desk.server, desk.station
    if not (station.up and desk.is_open):
        return False
    if desk.unsaid:
        kind, tx, _ = desk.unsaid.pop(0)
        if kind == "start":
            server.started(KEY, tx, (), NOW_S)
        else:
            server.stopped(KEY, tx, NOW_S)
        return True
    if station.tx or KEY in server.trusted:
        return False
    server.told_idle(KEY, NOW_S)
    return True


def plug(desk: Desk) -> bool:
    if desk.station.tx or len(desk.unsaid) > 1:
        return False
    known = {desk.row.tx, *(tx for _, tx, _ in desk.unsaid), *(tx for _, tx, _ in desk.down)}
    number = max(known | {one.tx for one in desk.server.commands.values()}) + 1
    desk.station.begin(number, NOW_S)
    desk.unsaid.append(("start", number, NOW_S))
    return True


def unplug(desk: Desk) -> bool:
    if not desk.station.tx or len(desk.unsaid) > 1:
        return False
    desk.unsaid.append(("stop", desk.station.tx, NOW_S))
    desk.station.end(NOW_S)
    return True


def crash(desk: Desk) -> bool:
    desk.hang_up()
    return True


def restart(desk: Desk) -> bool:
    desk.server.restart(NOW_S)
    return True


Act = Callable[[Desk], bool]
OF_SERVER: Mapping[str, Act] = {
    act.__name__: act for act in (send, take, refuse, hear, time_out, disconnect, notice, reconnect, tell)
}
OF_CAR: Mapping[str, Act] = {act.__name__: act for act in (plug, unplug)}


def pass_time(place: Place, server: type[Server], *, is_alive: bool) -> Place:
    """One tick later. A charge point that is connected and trusted is heard meanwhile."""
    desk = lay_open(place, server)
    station = desk.station
    station.tx_began_s -= TICK_S
    if station.profile is not None:
        station.profile.end_s -= TICK_S
    station.lingering = [(end_s - TICK_S, ma) for end_s, ma in station.lingering]
    station.step(NOW_S)
    desk.unsaid = [(kind, tx, at_s - TICK_S) for kind, tx, at_s in desk.unsaid]
    desk.down = [(number, tx, ends(span, TICK_S)) for number, tx, span in desk.down]
    desk.row.exposure = aged(desk.row.exposure, TICK_S)
    for command in desk.server.commands.values():
        command.span = ends(command.span, TICK_S)
    if is_alive and station.up and desk.is_open and not desk.is_overdue:
        desk.server.heard(KEY, NOW_S)
    return put_back(desk)


def new_place(*, fallback_ma: int, clock_late_s: float, exposure: type[Exposure] = Exposure) -> Place:
    """A charge point that is connected, has told its state, and holds its fallback; no car is there."""
    facts = exposure(
        nameplate_ma=NAMEPLATE_MA,
        wired=(0,),
        fallback_ma=fallback_ma,
        wait_s=WAIT_S,
        lapses=True,
        contact_s=NOW_S,
        timing=TIMING,
    )
    car = Car(0, 0.0, None, 0, (), clock_late_s, (fallback_ma, WAIT_S), 0)
    return Place(facts, 0, (), 0, True, True, car, True, (), (), ())


def charging(place: Place, limit_ma: int, server: type[Server] = Server) -> Place:
    """The same with a car that was told of and has just taken a limit."""
    desk = lay_open(place, server)
    plug(desk)
    tell(desk)
    ends_s = NOW_S + (TERMS.keep_down_s if limit_ma < (desk.row.exposure.fallback_ma or 0) else TERMS.lease_s)
    span = Span(limit_ma, ends_s if limit_ma != desk.row.exposure.fallback_ma else NEVER_S)
    desk.server.numbers += 1
    desk.server.commands[desk.server.numbers] = Command(desk.server.numbers, KEY, desk.row.tx, span, NOW_S)
    for act in (send, take, hear):
        act(desk)
    return put_back(desk)
