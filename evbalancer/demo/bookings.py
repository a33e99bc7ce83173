"""Wishes for the coming night, asked for as drivers ask: some get all, some a part, some an offer that would fit."""

import random
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from chargers.models import Connector
from drivers.models import Driver
from evbalancer.common.errors import DomainError
from evbalancer.demo.traffic import cards
from grid.models import Cluster
from scheduling.domain.booking.promises import SlotWish
from scheduling.domain.booking.requests import request_slot

BOOKING_SHARE = 0.6
SOONEST = timedelta(hours=3)


def book(cluster: Cluster, *, now: datetime, seed: int) -> int:
    """Ask for a slot for most drivers at the space they use in the demo. Returns how many were given one."""
    chance = random.Random(seed)
    connectors = Connector.objects.filter(
        charge_point__cluster=cluster, retired_at=None, charge_point__retired_at=None
    )
    tags = cards(cluster)
    drivers = sorted(Driver.objects.filter(pk__in=tags), key=lambda driver: tags[driver.pk])
    given = 0
    for connector, driver in zip(connectors, drivers, strict=False):
        if chance.random() > BOOKING_SHARE:
            continue
        vehicle = driver.vehicles.filter(retired_at=None).order_by("pk").first()
        if vehicle is None:
            continue
        wish = SlotWish(
            energy_wh=int((vehicle.battery_wh or 40_000) * chance.uniform(0.15, 0.4)) // 100 * 100,
            not_before=now,
            ready_by=_next_morning(now, cluster.community.time_zone)
            + timedelta(minutes=chance.choice((0, 30, 60, 90))),
            vehicle=vehicle,
            connector=connector,
        )
        try:
            request_slot(driver, cluster, wish, now=now)
        except DomainError:
            # Booked already by an earlier demo, or full: a driver would read why, and take the offer or not.
            continue
        given += 1
    return given


def _next_morning(now: datetime, time_zone: str) -> datetime:
    zone = ZoneInfo(time_zone)
    morning = datetime.combine(now.astimezone(zone).date(), time(6, 30), tzinfo=zone)
    while morning < now + SOONEST:
        morning += timedelta(days=1)
    return morning
