"""The fallbacks of a cluster: what they need, what each choice costs, and choosing for many connectors at once."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from chargers.domain.limits import commissioning, fallbacks
from chargers.domain.limits.fallbacks import Choice, Outlook, Overview
from evbalancer.common.admin import scope
from evbalancer.common.admin.fields import AmpereField
from evbalancer.common.admin.pages import ActForm, act_page
from evbalancer.common.admin.panels import Cell, Panel, page_of, panel_for, table
from evbalancer.common.admin.theme import ModelChoiceField
from evbalancer.common.admin.wording import NOTHING
from evbalancer.common.security.tenancy import request_access
from evbalancer.common.words.amounts import amps, power
from evbalancer.common.words.inputs import MILLIAMPS, REASON_FOR_TRAIL
from grid.admin.audited import actor_of
from grid.domain import topology
from grid.domain.commissioning import Need
from grid.models import Circuit, Cluster

NAMES = {
    Choice.NONE: gettext_lazy("0 A"),
    Choice.LEAST: gettext_lazy("The least that charges"),
    Choice.CHOSEN: gettext_lazy("As chosen"),
}
LEAST = "least"
INTRO = (
    "Limit of a car while the server can't be reached; a sum that does not fit is refused.\n"
    "It is kept free while a charger is out of reach, and always where its make has not shown yet that it waits."
)


class ChooseForm(ActForm):
    circuit = ModelChoiceField(
        Circuit.objects.none(),
        empty_label=None,
        label="Connectors on",
        help_text="And on every circuit below it.",
    )
    fallback = forms.ChoiceField(
        choices=[("0", "0 A: cars stand still while the server is away"), (LEAST, "The least that charges")],
        required=False,
    )
    fallback_ma = AmpereField(
        **MILLIAMPS.options,
        required=False,
        label="Or amperes a phase",
        help_text="From 6 A, instead of the choice above when given.",
    )
    reason = forms.CharField(**REASON_FOR_TRAIL.options, help_text="Kept in the audit trail.")

    def __init__(self, *args: Any, circuits: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["circuit"]
        choice.queryset = circuits


def choose_page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """One form for all connectors on a circuit, under the tables that say what each choice costs."""
    access = request_access(request)
    clusters = scope.within(Cluster.objects.filter(retired_at=None), access)
    asked = clusters.filter(pk=request.GET["cluster"]) if _is_uuid(request.GET.get("cluster")) else clusters
    shown = asked.first()
    circuits = scope.within(Circuit.objects.filter(retired_at=None, cluster__retired_at=None), access)
    circuits = circuits.filter(cluster=shown).select_related("cluster")

    def run(data: dict[str, Any]) -> str:
        circuit: Circuit = data["circuit"]
        paths = topology.read_tree(circuit.cluster).paths
        below = [pk for pk, path in paths.items() if circuit.pk in path]
        rows = commissioning.in_use(circuit.cluster).filter(circuit_id__in=below)
        given_ma = None if data["fallback"] == LEAST else 0
        if data["fallback_ma"] is not None:
            given_ma = data["fallback_ma"]
        count = fallbacks.choose_fallbacks(
            circuit.cluster,
            to_ma={row.pk: row.min_current_ma if given_ma is None else given_ma for row in rows},
            actor=actor_of(request),
            now=timezone.now(),
            reason=data["reason"],
        )
        return gettext(
            "%(count)s connectors get another fallback; it counts once their chargers have taken it."
        ) % {"count": count}

    return act_page(
        model_admin,
        request,
        row=None,
        title=gettext("Choose fallbacks"),
        intro=INTRO,
        submit=gettext("Choose"),
        form_class=ChooseForm,
        form_options={"circuits": circuits},
        back=page_of(shown) if shown is not None else "",
        context={"panels": panels_of_choices(shown) if shown is not None else []},
        run=run,
    )


def panels_of_choices(cluster: Cluster) -> list[Panel]:
    """The arithmetic of each choice; nothing before there is a connector."""
    seen = fallbacks.read_overview(cluster)
    return [_needs(seen), _costs(seen)] if seen.connectors else []


@panel_for(Cluster, rank=12)
def needs_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    seen = fallbacks.read_overview(cluster)
    return _needs(seen) if seen.connectors else None


@panel_for(Cluster, rank=13)
def costs_panel(request: HttpRequest, cluster: Cluster) -> Panel | None:
    seen = fallbacks.read_overview(cluster)
    page = reverse("admin:chargers_connector_choose_fallbacks") + "?" + urlencode({"cluster": cluster.pk})
    return _costs(seen, more=Cell(gettext("Choose fallbacks"), page)) if seen.connectors else None


def _needs(seen: Overview) -> Panel:
    rows = []
    by_choice = [outlook.needs for outlook in seen.outlooks]
    for _, same in groupby(zip(*by_choice, strict=True), key=_figures):
        phases = list(same)
        first = phases[0]
        rows.append(
            [
                Cell(first[0].circuit.name, page_of(first[0].circuit)),
                _phases(need.phase for need, *_ in phases),
                amps(first[0].room_ma),
                *(_need(need) for need in first),
            ]
        )
    names = (str(NAMES[outlook.choice]) for outlook in seen.outlooks)
    headers = [gettext("Circuit"), gettext("Phase"), gettext("Room"), *names]
    return table(gettext("Fallbacks: do they fit?"), headers, rows)


def _figures(needs: Sequence[Need]) -> tuple[Any, ...]:
    """Phases of a circuit that say the same share a row."""
    return needs[0].circuit.pk, needs[0].room_ma, tuple(need.fallbacks_ma for need in needs)


def _phases(numbers: Iterable[int]) -> str:
    return ", ".join(f"L{number + 1}" for number in numbers)


def _need(need: Need) -> Cell:
    if need.missing_ma:
        said = gettext("%(sum)s, %(missing)s missing")
        facts = {"sum": amps(need.fallbacks_ma), "missing": amps(need.missing_ma)}
        return Cell(said % facts, tone="bad")
    return Cell(gettext("%(sum)s, fits") % {"sum": amps(need.fallbacks_ma)}, tone="ok")


def _costs(seen: Overview, *, more: Cell | None = None) -> Panel:
    def cost(reserved_w: int) -> str:
        share = f" ({100 * reserved_w // seen.usable_w} %)" if seen.usable_w else ""
        return f"{power(reserved_w)}{share}" if reserved_w else NOTHING

    def row(outlook: Outlook) -> list[Any]:
        return [
            str(NAMES[outlook.choice]),
            Cell(gettext("fits"), tone="ok") if outlook.fits else Cell(gettext("does not fit"), tone="bad"),
            gettext("%(part)s of %(whole)s") % {"part": outlook.charge_on, "whole": seen.connectors},
            cost(outlook.idle_w),
            cost(outlook.unreachable_w),
        ]

    rows = [row(outlook) for outlook in seen.outlooks]
    if seen.unconfirmed:
        said = gettext("%(count)s without a confirmed fallback: nameplate") % {"count": seen.unconfirmed}
        rows.append(
            [Cell(said, tone="warn"), NOTHING, NOTHING, cost(seen.unconfirmed_w), cost(seen.unconfirmed_w)]
        )
    headers = [
        gettext("All fall back to"),
        "",
        gettext("Charge on"),
        gettext("Kept free, idle"),
        gettext("Kept free, out of reach"),
    ]
    title = gettext("Fallbacks: what each choice costs of %(power)s") % {"power": power(seen.usable_w)}
    return table(title, headers, rows, more=more)


def _is_uuid(text: str | None) -> bool:
    try:
        forms.UUIDField().clean(text)
    except forms.ValidationError:
        return False
    return True
