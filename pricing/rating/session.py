"""A charging session as OCPI's charging periods tell it, in exact numbers: kWh, hours, amperes and kW as fractions."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Level:
    """What is known of a current or a power during a period: its least, its most and its average value."""

    least: Fraction | None = None
    most: Fraction | None = None
    average: Fraction | None = None

    def reaches(self, bound: Fraction) -> bool:
        """Whether it stays at or above the bound. Its least value decides, else what is known of it; unknown does not."""
        if self.most is not None and self.most < bound:
            return False
        known = next((each for each in (self.least, self.average, self.most) if each is not None), None)
        return known is not None and known >= bound

    def stays_below(self, bound: Fraction) -> bool:
        """Whether it stays below the bound. Its most value decides, else what is known of it; unknown does not."""
        if self.least is not None and self.least >= bound:
            return False
        known = next((each for each in (self.most, self.average, self.least) if each is not None), None)
        return known is not None and known < bound


UNKNOWN = Level()


# Not frozen, as lines and priced periods: a frozen one takes three times as long to make, and a year of a site has millions.
@dataclass(slots=True)
class Period:
    """A part of the session with what was used in it; start and end are aware, in UTC, and may be the same moment."""

    start: datetime
    end: datetime
    energy_kwh: Fraction = ZERO
    charging_h: Fraction = ZERO
    parking_h: Fraction = ZERO
    reservation_h: Fraction = ZERO
    current_a: Level = UNKNOWN
    power_kw: Level = UNKNOWN

    @property
    def is_used(self) -> bool:
        """Whether a car was there, and not a reservation alone."""
        return not self.reservation_h or bool(self.energy_kwh or self.charging_h or self.parking_h)


@dataclass(frozen=True, slots=True)
class Session:
    """Periods one after another, at least one. `start` is when the charging session began, for its duration.

    `cut_for` are the bounds at which the periods were cut already: whoever rates by them need not look for more.
    """

    periods: tuple[Period, ...]
    start: datetime
    reserved_at: datetime | None = None
    cut_for: object = None

    @property
    def is_expired_reservation(self) -> bool:
        """Whether it was reserved and nobody came."""
        return self.reserved_at is not None and not any(period.is_used for period in self.periods)
