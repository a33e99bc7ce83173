"""The language of a driver's notifications: the driver's choice, else the community's, else the server's."""

from django.conf import settings

from drivers.models import Driver, Preference
from grid.models import Community


def language_of(preference: Preference | None, community: Community) -> str:
    return (
        (preference.language if preference is not None else "")
        or community.language
        or settings.LANGUAGE_CODE
    )


def language_of_driver(driver: Driver) -> str:
    """Select `preference` and `community` with many drivers."""
    return language_of(getattr(driver, "preference", None), driver.community)
