"""The language of a driver's notifications: the driver's choice, or the server's."""

from django.conf import settings

from drivers.models import Driver, Preference


def language_of(preference: Preference | None) -> str:
    return (preference.language if preference is not None else "") or settings.LANGUAGE_CODE


def language_of_driver(driver: Driver) -> str:
    """Select `preference` with many drivers."""
    return language_of(getattr(driver, "preference", None))
