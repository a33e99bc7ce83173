"""What a driver's word counts as, by what came of it before. Pure; docs/fairness.md has the rules in words.

A wish counts for as much of it as the driver's car took when it could take more, a departure for when the driver left, and
silence for little. Whoever asks what the car takes, and leaves when it was said, is believed in full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

# Without a wish: a usual evening's energy.
USUAL_WISH_WH = 20_000
# Newer ones displace older ones: habits change.
REMEMBERED_STAYS, REMEMBERED_BOOKINGS = 20, 20
FOLLOWS_WITHIN_S = 3600
# One booking in five may be given up without any consequence.
COMES_OFTEN_ENOUGH = 0.8


@dataclass(frozen=True, slots=True)
class StayFact:
    """The outcome of one stay. asked_wh: the driver's wish; None without one. is_sated: the car itself took no more.
    had_enough: it was sated, or received all that its wish counted as. overrun_s: how long it stayed beyond the announced
    departure.
    """

    asked_wh: int | None
    received_wh: int
    had_enough: bool
    is_sated: bool
    overrun_s: int | None
    stayed_s: int


@dataclass(frozen=True, slots=True)
class Lately:
    """The driver's last stay, with those that it followed at once: when it ended (seconds of any clock), and of which car."""

    left_s: float
    received_wh: int
    car: str | None = None

    def before(self, began_s: float, car: str | None) -> int:
        """What the car of a stay that began then had just before. Unplugging for a moment is no new stay."""
        is_other = car is not None and self.car is not None and car != self.car
        return 0 if is_other or not 0 <= began_s - self.left_s < FOLLOWS_WITHIN_S else self.received_wh


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known of a driver; of a new one, nothing that speaks against the word."""

    takes_share: float = 1.0
    overrun_s: int = 0
    silent_wh: int = USUAL_WISH_WH
    usual_stay_s: int | None = None
    came: int = 0
    not_come: int = 0
    lately: Lately | None = None

    @property
    def comes_share(self) -> float:
        return self.booked_share(0)

    def booked_share(self, ahead: int) -> float:
        """Share that a booking counts as until its car comes. `ahead`: the driver's open bookings that begin before it, unproven.

        Squared, so that a row of ghosts soon keeps nothing; a new driver's first booking counts in full.
        """
        often = (1 + self.came) / (1 + self.came + self.not_come + ahead)
        return min(1.0, (often / COMES_OFTEN_ENOUGH) ** 2)

    def before(self, began_s: float, car: str | None = None) -> int:
        return 0 if self.lately is None else self.lately.before(began_s, car)

    def counted_wh(self, asked_wh: int) -> int:
        """The energy that a wish counts as: never more than the wish."""
        return round(asked_wh * self.takes_share)


@dataclass(frozen=True, slots=True)
class Word:
    """What the driver of a car said. None: nothing. ready_in_s: until the departure, below 0 when that is past."""

    energy_wh: int | None = None
    ready_in_s: float | None = None
    promised_wh: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a car may claim now. remaining_wh and depart_s: None when nobody knows. is_served: it has all that counts."""

    energy_wh: int
    remaining_wh: int | None
    depart_s: int | None
    is_served: bool


NEW = Learnt()


def claim_of(
    word: Word,
    learnt: Learnt,
    *,
    received_wh: int,
    stayed_s: float,
    room_wh: int | None = None,
    before_wh: int = 0,
) -> Claim:
    """`received_wh` and `stayed_s` are of the whole stay; `room_wh` is what the battery still takes, where it is known.

    `before_wh`: what the car had just before the stay. It counts as asked for and received.
    """
    if word.energy_wh is not None:
        # A promise that was given stands, whatever was learnt since.
        counted_wh = max(learnt.counted_wh(word.energy_wh), word.promised_wh)
    else:
        counted_wh = learnt.silent_wh
        if room_wh is not None:
            counted_wh = min(counted_wh, received_wh + room_wh)
    if word.ready_in_s is not None:
        # What was promised is due when it was promised for.
        is_owed = word.promised_wh > received_wh
        left_s: float | None = word.ready_in_s + (0 if is_owed else learnt.overrun_s)
    else:
        left_s = None if learnt.usual_stay_s is None else learnt.usual_stay_s - stayed_s
    return Claim(
        energy_wh=counted_wh + before_wh,
        remaining_wh=max(0, counted_wh - received_wh) or None,
        depart_s=int(left_s) if left_s is not None and left_s >= 1 else None,
        is_served=received_wh >= counted_wh,
    )


def learn(stays: Sequence[StayFact], bookings: Sequence[bool] = ()) -> Learnt:
    """`bookings`: of each that ended, whether its car came. Both oldest first; only the newest count."""
    stays, bookings = stays[-REMEMBERED_STAYS:], bookings[-REMEMBERED_BOOKINGS:]
    enough = [stay for stay in stays if stay.had_enough]
    shares = [_share_taken(stay) for stay in enough if stay.asked_wh]
    # What a hungry car would have taken nobody knows: at least a usual evening's energy is believed.
    taken = [stay.received_wh if stay.is_sated else USUAL_WISH_WH for stay in enough]
    overruns = [stay.overrun_s for stay in stays if stay.overrun_s is not None]
    return Learnt(
        takes_share=median_low(shares) if shares else 1.0,
        overrun_s=max(0, lower_quartile(overruns)) if overruns else 0,
        silent_wh=min(USUAL_WISH_WH, lower_quartile(taken)) if taken else USUAL_WISH_WH,
        usual_stay_s=lower_quartile([stay.stayed_s for stay in stays]) if stays else None,
        came=sum(bookings),
        not_come=len(bookings) - sum(bookings),
    )


def _share_taken(stay: StayFact) -> float:
    """A car that was still hungry when it had all that its wish counted as speaks for the wish."""
    return min(1.0, stay.received_wh / stay.asked_wh) if stay.is_sated and stay.asked_wh else 1.0


def lower_quartile(values: Sequence[int]) -> int:
    """The value that a quarter of them does not reach; of few, the lowest."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 4]
