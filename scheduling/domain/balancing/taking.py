"""Lessons about a car while it charges: how much of its limit it uses, and below which current it falls asleep. Pure.

The most it uses stays learnt until it draws up to that, so that a limit moves only when the car does. A sleeping car is offered
more now and then, where there is room; the current that wakes it is the least worth giving.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from chargers.domain.metering import draws
from chargers.enums import ConnectorStatus

if TYPE_CHECKING:
    from scheduling.domain.balancing.situation import ExposedPlace

HEADROOM_MA = 2_000
# So near to the learnt current, it would take more: the lesson is forgotten.
DRAWS_UP_MA = 1_000
FOLLOWED_AFTER = timedelta(seconds=40)
ASLEEP_AFTER = timedelta(seconds=60)
# Offers to a sleeping car, the last is all that its connector gives; and how long each stands before it counts as declined.
OFFERS_MA = (8_000, 10_000)
OFFER_FOR = timedelta(seconds=75)
# Each offer wears the charger's memory: a car that declined all of them is left alone, longer each time.
REST_FIRST, REST_MOST = timedelta(minutes=10), timedelta(hours=2)
WAKES_ABOVE_MA = 2_000


@dataclass(frozen=True, slots=True)
class Taking:
    """Of one session. Moments are seconds on the server's clock.

    most_ma: near what it uses, None: as far as is known, all. least_ma: it takes nothing below; 0: not known. slept_at_ma:
    the highest limit that it slept through since it fell asleep. offered_s: since when the present offer stands. drew_at_ma: the lowest limit at which it was seen to charge.
    """

    most_ma: int | None = None
    least_ma: int = 0
    slept_at_ma: int = 0
    offered_s: float | None = None
    rest_until_s: float | None = None
    rests: int = 0
    drew_at_ma: int | None = None

    @property
    def is_sated(self) -> bool:
        """It declines at a limit at which it charged before, or whatever it is offered."""
        if not self.slept_at_ma:
            return False
        return self.rests > 0 or (self.drew_at_ma is not None and self.slept_at_ma >= self.drew_at_ma)

    @classmethod
    def stored(cls, facts: Mapping[str, Any]) -> Self:
        return cls(**facts)

    def facts(self) -> dict[str, Any]:
        """Only what is known, to be stored."""
        nothing = asdict(Taking())
        return {name: value for name, value in asdict(self).items() if value != nothing[name]}

    def offer_ma(self, place: "ExposedPlace", *, now: datetime) -> int:
        """The offer to a sleeping car: a step above the current that it slept through, or nothing while it is left alone."""
        if self.rest_until_s is not None and now.timestamp() < self.rest_until_s:
            return 0
        most_ma = place.connector.max_current_ma
        beyond_ma = max(self.slept_at_ma, place.connector.min_current_ma)
        steps = (offer for offer in (*OFFERS_MA, most_ma) if beyond_ma < offer <= most_ma)
        return next(steps, 0)


def observe_taking(place: "ExposedPlace", *, now: datetime) -> Taking:
    """The lessons about this session's car, with those of its last readings."""
    session, row = place.session, place.history
    if session is None or not place.running:
        return Taking()
    was = Taking.stored(row.taking) if row is not None else Taking()
    if not was.least_ma and session.vehicle is not None and session.vehicle.least_ma:
        was = replace(was, least_ma=session.vehicle.least_ma)
    seen = replace(was, most_ma=_most_ma(was.most_ma, place, now=now))
    return _asleep(seen, place, now=now) if is_asleep(place, now=now) else _awake(seen, place, now=now)


def is_asleep(place: "ExposedPlace", *, now: datetime) -> bool:
    """The car itself declines, for a while already."""
    connector = place.connector
    return (
        connector.status == ConnectorStatus.SUSPENDED_EV
        and connector.status_at is not None
        and now - connector.status_at >= ASLEEP_AFTER
    )


def _held_ma(place: "ExposedPlace") -> int:
    return place.exposure.in_force_ma(place.seen_s)


def _drawn_ma(place: "ExposedPlace", *, now: datetime) -> int:
    """As just measured; 0 when that is not known."""
    session = place.session
    if session is None or not draws.is_fresh(session.metered_at, now=now):
        return 0
    return max(session.current_ma)


def _most_ma(was_ma: int | None, place: "ExposedPlace", *, now: datetime) -> int | None:
    """Near what the car draws when it has had time to take more and does not (field case 11)."""
    connector, session, drawn_ma = place.connector, place.session, _drawn_ma(place, now=now)
    if drawn_ma <= 0 or connector.status != ConnectorStatus.CHARGING:
        return was_ma
    if was_ma is not None and drawn_ma > was_ma - DRAWS_UP_MA:
        return None
    if session is None or session.metered_at is None or connector.confirmed_at is None:
        return was_ma
    if session.metered_at - connector.confirmed_at < FOLLOWED_AFTER or drawn_ma + HEADROOM_MA >= _held_ma(
        place
    ):
        return was_ma
    step = connector.step_ma
    near_ma = max(connector.min_current_ma, -(-(drawn_ma + HEADROOM_MA) // step) * step)
    return near_ma if was_ma is None or near_ma <= was_ma - HEADROOM_MA else was_ma


def _asleep(was: Taking, place: "ExposedPlace", *, now: datetime) -> Taking:
    now_s, held_ma = now.timestamp(), _held_ma(place)
    if was.rest_until_s is not None:
        # After its rest it is asked all over: perhaps it is hungry by now.
        is_over = now_s >= was.rest_until_s
        return replace(was, rest_until_s=None, slept_at_ma=held_ma, offered_s=None) if is_over else was
    if not was.slept_at_ma:
        return replace(was, slept_at_ma=held_ma)
    offer_ma = was.offer_ma(place, now=now)
    if not offer_ma:
        rest = min(REST_FIRST * 2**was.rests, REST_MOST)
        return replace(was, rest_until_s=now_s + rest.total_seconds(), rests=was.rests + 1, offered_s=None)
    if held_ma < offer_ma:
        return replace(was, offered_s=None)
    offered_s = now_s if was.offered_s is None else was.offered_s
    if now_s - offered_s < OFFER_FOR.total_seconds():
        return replace(was, offered_s=offered_s)
    return replace(was, slept_at_ma=held_ma, offered_s=None)


def _awake(was: Taking, place: "ExposedPlace", *, now: datetime) -> Taking:
    if place.connector.status != ConnectorStatus.CHARGING:
        return was
    held_ma, least_ma = _held_ma(place), was.least_ma
    drawn_ma = _drawn_ma(place, now=now)
    if was.slept_at_ma and held_ma > was.slept_at_ma and was.rest_until_s is None:
        # Between what it slept through and what woke it: the next time tells more.
        least_ma = max(least_ma, min(held_ma, was.slept_at_ma + WAKES_ABOVE_MA))
    elif least_ma and place.connector.min_current_ma <= held_ma < least_ma and drawn_ma > DRAWS_UP_MA:
        least_ma = 0
    drew_at_ma = was.drew_at_ma
    if drawn_ma > DRAWS_UP_MA and held_ma >= place.connector.min_current_ma:
        drew_at_ma = held_ma if drew_at_ma is None else min(drew_at_ma, held_ma)
    return replace(
        was,
        least_ma=least_ma,
        slept_at_ma=0,
        offered_s=None,
        rest_until_s=None,
        rests=0,
        drew_at_ma=drew_at_ma,
    )
