"""ENTSO-E's transparency platform: day-ahead prices (document A44) over its RESTful API, without pandas (docs/adr/0100).

Source: Transparency Platform RESTful API user guide, and "ENTSO-E Transparency XML schema use" for curve types. With curve type
A03 a position that is left out repeats the value before it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from xml.etree import ElementTree as ET

from pricing.signals.http import SourceError, ask
from pricing.signals.series import Reading, SignalRefused, Told, Unit
from pricing.signals.zones import ZONES

URL: Final = "https://web-api.tp.entsoe.eu/api"
DAY_AHEAD, PRICES = "A01", "A44"
BLOCKS: Final = "A03"
LENGTHS: Final = {"PT15M": timedelta(minutes=15), "PT30M": timedelta(minutes=30), "PT60M": timedelta(hours=1)}
# Where an area has a second auction, the coupled one is the first sequence.
COUPLED: Final = "1"
# An acknowledgement without data comes with this status too.
BAD_REQUEST: Final = 400


@dataclass(frozen=True, slots=True)
class EntsoeSource:
    area: str
    token: str
    begin: datetime
    end: datetime
    url: str = URL

    def read(self) -> Told:
        """Raises SourceError and SignalRefused."""
        if self.area not in ZONES:
            raise SignalRefused(f"{self.area!r} is not a bidding zone that is known here.")
        code = ZONES[self.area]
        query = {
            "securityToken": self.token,
            "documentType": PRICES,
            "contract_MarketAgreement.type": DAY_AHEAD,
            "in_Domain": code,
            "out_Domain": code,
            "periodStart": self.begin.astimezone(UTC).strftime("%Y%m%d%H%M"),
            "periodEnd": self.end.astimezone(UTC).strftime("%Y%m%d%H%M"),
        }
        return read_document(ask("GET", self.url, params=query, also=(BAD_REQUEST,)))


@dataclass(frozen=True, slots=True)
class _Period:
    begin: datetime
    end: datetime
    length: timedelta
    sequence: str
    has_blocks: bool
    points: dict[int, Decimal]

    def readings(self) -> Iterator[Reading]:
        """Raises SignalRefused where the first position is missing, or any other without blocks."""
        count = math.ceil((self.end - self.begin) / self.length)
        value: Decimal | None = None
        for position in range(1, count + 1):
            found = self.points.get(position)
            value = found if found is not None or not self.has_blocks else value
            begin = self.begin + (position - 1) * self.length
            where = f"Period from {self.begin:%Y-%m-%dT%H:%MZ}, position {position}"
            if value is None:
                raise SignalRefused(f"{where}: it has no price.")
            yield Reading(begin, begin + self.length, value, where)


def read_document(content: bytes) -> Told:
    """The prices of a Publication_MarketDocument, of each day the coupled auction's, in the finest steps.

    Raises SourceError for an acknowledgement, which has the platform's own reason, and for anything else that is no such document.
    """
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise SourceError("The answer declares entities, which a price document has no use for.")
    try:
        root = ET.fromstring(content)  # noqa: S314 (without entities it can't grow; its size is bounded)
    except ET.ParseError as error:
        raise SourceError("The answer can't be read as XML.") from error
    if _name(root) == "Acknowledgement_MarketDocument":
        reason = " ".join(_texts(root, "Reason/text"))[:200]
        raise SourceError(f"ENTSO-E has no prices for this area and time: {reason or 'no reason given'}")
    try:
        series = [each for each in root if _name(each) == "TimeSeries" and _is_day_ahead(each)]
        periods = [period for each in series for period in _periods(each)]
        currency = next((text for each in series for text in _texts(each, "currency_Unit.name")), "")
        created = next(iter(_texts(root, "createdDateTime")), "")
        published_at = _moment(created) if created else None
    except (KeyError, ValueError, OverflowError, InvalidOperation, IndexError) as error:
        raise SourceError("The answer is no price document.") from error
    chosen = _chosen(periods)
    readings = tuple(reading for period in chosen for reading in period.readings())
    return Told(readings, Unit.PER_MWH, currency, published_at)


def _is_day_ahead(series: ET.Element) -> bool:
    contract = _texts(series, "contract_MarketAgreement.type")
    units = _texts(series, "price_Measure_Unit.name")
    return contract in ([], [DAY_AHEAD]) and units in ([], ["MWH"])


def _periods(series: ET.Element) -> Iterator[_Period]:
    sequence = next(
        iter(_texts(series, "classificationSequence_AttributeInstanceComponent.position")), COUPLED
    )
    has_blocks = _texts(series, "curveType") == [BLOCKS]
    for period in (each for each in series if _name(each) == "Period"):
        begin = _moment(_texts(period, "timeInterval/start")[0])
        end = _moment(_texts(period, "timeInterval/end")[0])
        length = LENGTHS[_texts(period, "resolution")[0]]
        if not begin < end <= begin + timedelta(days=8):
            raise ValueError(end)
        points = {
            int(_texts(point, "position")[0]): Decimal(_texts(point, "price.amount")[0])
            for point in period
            if _name(point) == "Point"
        }
        yield _Period(begin, end, length, sequence, has_blocks, points)


def _chosen(periods: list[_Period]) -> list[_Period]:
    """Of those that begin together, the coupled auction in the finest steps."""
    best: dict[datetime, _Period] = {}
    for period in sorted(periods, key=lambda each: (each.sequence != COUPLED, each.length)):
        best.setdefault(period.begin, period)
    return [best[begin] for begin in sorted(best)]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _name(element: ET.Element) -> str:
    """Without the namespace: the schema's version stands in it."""
    return element.tag.rpartition("}")[2]


def _texts(element: ET.Element, path: str) -> list[str]:
    first, _, rest = path.partition("/")
    found = [each for each in element if _name(each) == first]
    if rest:
        return [text for each in found for text in _texts(each, rest)]
    return [(each.text or "").strip() for each in found]
