"""Providers of prices as JSON over HTTP: aWATTar, Tibber, Octopus Energy. Each is a `Source`.

Sources: api.awattar.de/v1/marketdata (EUR per MWh); developer.tibber.com, `priceInfo` (currency per kWh, `energy` without fees
and taxes); docs.octopus.energy, standard unit rates (pence per kWh, without VAT).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote

from pricing.signals.http import SourceError, ask_json
from pricing.signals.series import Reading, SignalRefused, Told, Unit, readings_of

AWATTAR: Final = {
    "DE": "https://api.awattar.de/v1/marketdata",
    "AT": "https://api.awattar.at/v1/marketdata",
}
TIBBER: Final = "https://api.tibber.com/v1-beta/gql"
OCTOPUS: Final = "https://api.octopus.energy/v1"
PRICES_OF_HOMES: Final = (
    "{ viewer { homes { id currentSubscription { priceInfo(resolution: QUARTER_HOURLY) {"
    " today { startsAt energy currency } tomorrow { startsAt energy currency } } } } } }"
)
PENCE: Final = 100


@dataclass(frozen=True, slots=True)
class AwattarSource:
    url: str
    begin: datetime
    end: datetime

    def read(self) -> Told:
        """Raises SourceError and SignalRefused."""
        query = {"start": _milliseconds(self.begin), "end": _milliseconds(self.end)}
        answer = ask_json("GET", self.url, params=query)
        with _documented():
            return Told(tuple(self._readings(answer)), Unit.PER_MWH, "EUR")

    def _readings(self, answer: Any) -> Iterable[Reading]:
        for number, row in enumerate(answer["data"], start=1):
            if row["unit"] != "Eur/MWh":
                raise SignalRefused(f"Entry {number}: its unit is not Eur/MWh.")
            begin, end = (
                datetime.fromtimestamp(row[name] / 1000, UTC) for name in ("start_timestamp", "end_timestamp")
            )
            yield Reading(begin, end, _number(row["marketprice"]), f"Entry {number}")


@dataclass(frozen=True, slots=True)
class TibberSource:
    """Of the home with that id, or of the first that has a subscription."""

    token: str
    home: str = ""
    url: str = TIBBER

    def read(self) -> Told:
        """Raises SourceError and SignalRefused."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = ask_json("POST", self.url, headers=headers, body={"query": PRICES_OF_HOMES})
        if isinstance(answer, dict) and answer.get("errors"):
            raise SourceError("Tibber refuses the question; check the token.")
        with _documented():
            prices = self._prices(answer)
            return Told(self._readings(prices), Unit.PER_KWH, str(prices[0]["currency"]))

    def _readings(self, prices: list[Any]) -> tuple[Reading, ...]:
        return readings_of(
            (_moment(row["startsAt"]), _number(row["energy"]), f"Entry {number}")
            for number, row in enumerate(prices, start=1)
        )

    def _prices(self, answer: Any) -> list[Any]:
        homes = [home for home in answer["data"]["viewer"]["homes"] if home["currentSubscription"]]
        wanted = [home for home in homes if not self.home or home["id"] == self.home]
        if not wanted:
            raise SignalRefused("Tibber knows no such home with a subscription.")
        told = wanted[0]["currentSubscription"]["priceInfo"]
        return [*told["today"], *(told["tomorrow"] or [])]


@dataclass(frozen=True, slots=True)
class OctopusSource:
    """area: product and tariff, for example AGILE-24-10-01/E-1R-AGILE-24-10-01-C."""

    area: str
    begin: datetime
    end: datetime
    url: str = OCTOPUS

    def read(self) -> Told:
        """Raises SourceError and SignalRefused."""
        product, _, tariff = self.area.partition("/")
        address = (
            f"{self.url}/products/{quote(product, safe='')}/electricity-tariffs/{quote(tariff, safe='')}"
            "/standard-unit-rates/"
        )
        query = {
            "period_from": self.begin.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"),
            "period_to": self.end.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"),
            "page_size": "1500",
        }
        answer = ask_json("GET", address, params=query)
        with _documented():
            return Told(tuple(self._readings(answer)), Unit.PER_KWH, "GBP")

    def _readings(self, answer: Any) -> Iterable[Reading]:
        for number, row in enumerate(answer["results"], start=1):
            price = _number(row["value_exc_vat"]) / PENCE
            yield Reading(_moment(row["valid_from"]), _moment(row["valid_to"]), price, f"Entry {number}")


@contextmanager
def _documented() -> Iterator[None]:
    """Raises SourceError where an answer has another shape than the provider documents."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, InvalidOperation, OSError) as error:
        raise SourceError("The provider's answer has another shape than it documents.") from error


def _milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp()) * 1000)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _number(value: Any) -> Decimal:
    """As it is written: 0.1 is a tenth."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(type(value).__name__)
    return Decimal(str(value))
