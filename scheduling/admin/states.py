"""What the apps below can't say about their own rows: the state in plain words, and why."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from chargers.models import ChargePoint, Connector
from drivers.models import Driver
from evbalancer.common.admin.panels import Cell, Panel, list_of, page_of, panel_for, table
from evbalancer.common.admin.wording import NOTHING
from evbalancer.common.words.amounts import amps, kwh
from scheduling.domain.picture import places
from scheduling.domain.picture.places import Place
from scheduling.domain.picture.states import TROUBLED, PlaceState, state_of
from scheduling.domain.telling import wording
from scheduling.models import FairnessEntry

TONES = {
    PlaceState.CHARGING: "ok",
    PlaceState.EMERGENCY: "warn",
    PlaceState.WAITING: "warn",
    **dict.fromkeys(TROUBLED, "bad"),
}
HEADERS = ["Where", "State", "Why", "Told", "Reserved", "Circuit"]


@panel_for(ChargePoint, rank=1)
def charge_point_panel(request: HttpRequest, charge_point: ChargePoint) -> Panel | None:
    return _connectors_panel(Connector.objects.filter(charge_point=charge_point, retired_at=None))


@panel_for(Connector, rank=1)
def connector_panel(request: HttpRequest, connector: Connector) -> Panel | None:
    return _connectors_panel(Connector.objects.filter(pk=connector.pk))


def _connectors_panel(connectors: Any) -> Panel:
    now = timezone.now()
    found = list(connectors.select_related("charge_point__cluster", "circuit").order_by("number"))
    here = {"connector__in": [connector.pk for connector in found]}
    there = places.read_places(found, places.open_sessions(**here), now=now, **here)
    rows = [_row(place, now=now) for place in there]
    return table("Now", HEADERS, rows, empty="No connector yet: add one below.")


def _row(place: Place, *, now: datetime) -> list[Cell | str]:
    connector, state = place.connector, state_of(place, now=now)
    return [
        Cell(f"Connector {connector.number}", page_of(connector)),
        Cell(str(state), tone=TONES.get(state, "quiet")),
        wording.reason_sentence(place, state, now=now),
        amps(connector.confirmed_ma) if connector.confirmed_ma is not None else NOTHING,
        amps(max(connector.reservation_ma)),
        Cell(connector.circuit.name, page_of(connector.circuit)),
    ]


@panel_for(Driver)
def fairness_panel(request: HttpRequest, driver: Driver) -> Panel | None:
    newest = FairnessEntry.objects.filter(driver=driver)[:5]
    rows = [
        [
            timezone.localtime(entry.at).strftime("%d %b %H:%M"),
            kwh(entry.wanted_wh),
            kwh(entry.received_wh),
            f"{min(100, round(100 * entry.received_wh / max(1, entry.wanted_wh)))} %",
        ]
        for entry in newest
    ]
    more = Cell("The whole account", list_of(FairnessEntry, driver__id__exact=driver.pk))
    return table(
        "Fairness", ["When", "Wanted", "Received", "Satisfied"], rows, more=more, empty="No entry yet."
    )
