"""The other way round: the drivers whom a connector is open to."""

from dataclasses import dataclass
from datetime import datetime

from chargers.domain.access.judging import Access, AccessBook
from chargers.models import Connector
from drivers.domain.belonging import match_belonging
from drivers.enums import AuthorizationStatus
from drivers.models import Driver


@dataclass(frozen=True, slots=True)
class Person:
    driver: Driver
    access: Access


def find_people(connector: Connector, *, now: datetime) -> list[Person]:
    """Those whom a rule is for, now or at other times, by name; of a connector without a rule, all drivers of the community."""
    book = AccessBook.of_connectors([connector.pk])
    drivers = Driver.objects.filter(match_belonging(), community=connector.community_id).order_by("name")
    judged = [Person(driver, book.judge(connector.pk, driver, at=now)) for driver in drivers]
    return [each for each in judged if each.access.status != AuthorizationStatus.NOT_AT_THIS_LOCATION]
