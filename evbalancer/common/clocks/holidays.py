"""Public holidays of a country or one of its regions, from the package `holidays`."""

from datetime import date
from functools import lru_cache

from django.utils.translation import gettext
from holidays import country_holidays, list_supported_countries

from evbalancer.common.errors import InvalidInput


def read_region(text: str) -> str:
    """A country as ISO 3166-1 has it, with a part of it if its days differ there, as `DE-BY`. Raises InvalidInput."""
    country, _, part = text.strip().partition("-")
    known = list_supported_countries(include_aliases=False)
    country = country.upper()
    if len(country) != len("DE") or country not in known:
        raise InvalidInput(
            "holiday_region",
            gettext(
                "No holidays are known of %(text)s. Write a country and a region, for example DE-BY or US-CA."
            )
            % {"text": f"{text!r}"},
        )
    if not part:
        return country
    for each in known[country]:
        if each.casefold() == part.casefold():
            return f"{country}-{each}"
    regions = ", ".join(known[country]) or "none"
    raise InvalidInput(
        "holiday_region",
        gettext("No region %(part)s is known of %(country)s. Its regions are: %(regions)s.")
        % {"part": f"{part!r}", "country": country, "regions": regions},
    )


@lru_cache(maxsize=64)
def holidays_of(region: str, *, first_year: int, last_year: int, language: str = "") -> dict[date, str]:
    """The days and their names, in order; in their own language where there are no names in the one that is asked for."""
    country, _, part = region.partition("-")
    years = range(first_year, last_year + 1)
    found = country_holidays(country, subdiv=part or None, years=years, language=language or None)
    return dict(sorted(found.items()))
