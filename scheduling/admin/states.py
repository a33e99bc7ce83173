"""What the apps below can't say about their own rows: the state in plain words, and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from chargers.models import ChargePoint, Connector
from drivers.models import Driver
from evbalancer.common.admin.panels import Cell, Panel, list_of, page_of, panel_for, table
from evbalancer.common.admin.wording import NOTHING
from evbalancer.common.clocks import clock
from evbalancer.common.words.amounts import amps, kwh
from scheduling.admin.glance import figures_of
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
REFRESH_S = 15


@panel_for(ChargePoint, rank=1)
def charge_point_panel(request: HttpRequest, charge_point: ChargePoint) -> Panel | None:
    """What a person wants to know of it without a search, and the connectors below."""
    now = timezone.now()
    there = _places_of(Connector.objects.filter(charge_point=charge_point, retired_at=None), now=now)
    figures = figures_of(charge_point, [place.connector for place in there], now=now)
    context = {"figures": figures, "table": _connectors(there, now=now).context}
    return Panel(charge_point.name, "admin/chargers/panel_glance.html", context, refresh_s=REFRESH_S)


@panel_for(Connector, rank=1)
def connector_panel(request: HttpRequest, connector: Connector) -> Panel | None:
    now = timezone.now()
    return _connectors(_places_of(Connector.objects.filter(pk=connector.pk), now=now), now=now)


def _places_of(connectors: Any, *, now: datetime) -> Sequence[Place]:
    found = list(connectors.select_related("charge_point__cluster", "circuit").order_by("number"))
    here = {"connector__in": [connector.pk for connector in found]}
    return places.read_places(found, places.open_sessions(**here), now=now, **here)


def _connectors(there: Sequence[Place], *, now: datetime) -> Panel:
    headers = [
        gettext("Where"),
        gettext("State"),
        gettext("The charger says"),
        gettext("Why"),
        gettext("Limit"),
        gettext("Reserved"),
        gettext("Circuit"),
    ]
    empty = gettext("No connector yet: add one below.")
    return table(gettext("Now"), headers, [_row(place, now=now) for place in there], empty=empty)


def _row(place: Place, *, now: datetime) -> list[Cell | str]:
    connector, state = place.connector, state_of(place, now=now)
    return [
        Cell(gettext("Connector %(number)s") % {"number": connector.number}, page_of(connector)),
        Cell(gettext(state), tone=TONES.get(state, "quiet")),
        connector.get_status_display(),
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
            clock.worded(entry.at, "d M H:i"),
            kwh(entry.wanted_wh),
            kwh(entry.received_wh),
            f"{min(100, round(100 * entry.received_wh / max(1, entry.wanted_wh)))} %",
        ]
        for entry in newest
    ]
    more = Cell(gettext("The whole account"), list_of(FairnessEntry, driver__id__exact=driver.pk))
    return table(
        gettext("Fairness"),
        [gettext("When"), gettext("Wanted"), gettext("Received"), gettext("Satisfied")],
        rows,
        more=more,
        empty=gettext("No entry yet."),
    )
