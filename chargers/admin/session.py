from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from chargers.domain.metering import proofs, signed_values
from chargers.domain.metering.sequences import Heard
from chargers.enums import SessionState
from chargers.models import MeterMean, MeterValue, Session, SignedMeterValue
from chargers.models.session import OPEN_STATES
from drivers.models import Driver
from evbalancer.common.admin.filters import WordedFilter
from evbalancer.common.admin.panels import Cell, Panel, list_of, page_of, panel_for, table
from evbalancer.common.admin.theme import display
from evbalancer.common.admin.wording import NOTHING, moment
from evbalancer.common.clocks import clock
from evbalancer.common.words.amounts import amps, kwh, power
from grid.admin.ledger import LedgerAdmin

SHOWN_SIGNED = 6
TONES = {proofs.Proof.VERIFIED: "ok", proofs.Proof.NOT_GENUINE: "bad"}
STATE_LABELS = {
    "Active": "success",
    "Plugged in": "warning",
    "Finished, still plugged in": "warning",
    "Ended": "",
}


class RunningFilter(WordedFilter):
    title = "when"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("running", "Running now"), ("past", "Past"), ("odd", "With an error")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "running":
                return queryset.filter(state__in=OPEN_STATES)
            case "past":
                return queryset.filter(state=SessionState.ENDED)
            case "odd":
                return (
                    queryset.filter(clock_suspect=True)
                    | queryset.exclude(energy_doubt="")
                    | queryset.exclude(connector__error_code="").filter(state__in=OPEN_STATES)
                )
        return queryset


@admin.register(Session)
class SessionAdmin(LedgerAdmin):
    list_display = (
        "since",
        "connector",
        "driver",
        "state_word",
        "energy_wh",
        "power_w",
        "charge_pct",
        "stop_reason",
    )
    list_filter = (
        "plugged_at",
        RunningFilter,
        "state",
        "connector__circuit",
        "stop_reason",
        "clock_suspect",
        "energy_doubt",
    )
    search_fields = ("driver__name", "connector__charge_point__name", "=id_tag", "=transaction_uid")
    search_help_text = "Driver, space or card"
    list_select_related = ("connector__charge_point", "driver", "community")
    link_lookups = ("connector", "driver")
    fieldsets = (
        (None, {"fields": (("connector", "driver", "vehicle"), ("state", "state_since"))}),
        (
            "Energy",
            {
                "fields": (
                    ("energy_wh", "power_w", "charge_pct"),
                    ("current_l1_ma", "current_l2_ma", "current_l3_ma"),
                    ("draw_source", "drawn_at"),
                    ("metered_at", "phases_seen"),
                    ("energy_doubt", "exported_wh"),
                    ("meter_start_wh", "meter_stop_wh"),
                )
            },
        ),
        (
            "Times",
            {
                "fields": (
                    ("plugged_at", "unplugged_at"),
                    ("started_at", "stopped_at"),
                    ("charger_started_at", "charger_stopped_at"),
                    ("stop_reason", "clock_suspect"),
                )
            },
        ),
        ("What its car asked for", {"fields": ("needs",)}),
        ("Transaction", {"fields": (("transaction_id", "transaction_uid", "id_tag"), "missing_events")}),
    )
    readonly_fields = ("missing_events",)

    @display(description="Since", ordering="plugged_at")
    def since(self, session: Session) -> str:
        return clock.worded(session.plugged_at, "D d M, H:i")

    @display(description="Missing events")
    def missing_events(self, session: Session) -> str:
        """Numbers of the transaction's events that never came."""
        return str(Heard(tuple(Heard.parse(session.events_heard).holes()))) or NOTHING

    @display(description="State", ordering="state", label=STATE_LABELS)
    def state_word(self, session: Session) -> str:
        return session.get_state_display()


@panel_for(Session)
def meter_panel(request: HttpRequest, session: Session) -> Panel | None:
    """Meter values have a composite key and no pages of their own; the newest are shown here."""
    values = MeterValue.objects.filter(session_id=session.pk).order_by("-received_at")[:8]
    rows = [
        [
            clock.worded(value.measured_at, "d M H:i:s"),
            kwh(value.energy_wh) if value.energy_wh is not None else NOTHING,
            power(value.power_w) if value.power_w is not None else NOTHING,
            " · ".join(
                amps(each) if each is not None else NOTHING
                for each in (value.current_l1_ma, value.current_l2_ma, value.current_l3_ma)
            ),
            amps(value.offered_ma) if value.offered_ma is not None else NOTHING,
            Cell(value.quarantine, tone="bad") if value.quarantine else "",
        ]
        for value in values
    ]
    means = MeterMean.objects.filter(session_id=session.pk).count()
    if not rows and not means:
        return None
    thinned = gettext("%(means)s means stand for values that are over their time") % {"means": means}
    return table(
        gettext("Newest meter values"),
        [
            gettext("Measured"),
            gettext("Register"),
            gettext("Power"),
            "L1 · L2 · L3",
            gettext("Offered"),
            gettext("Set aside"),
        ],
        rows,
        more=Cell(thinned, list_of(MeterMean, session__id__exact=session.pk)) if means else None,
    )


@admin.register(MeterMean)
class MeterMeanAdmin(LedgerAdmin):
    """What meter values of long ago amount to, by five minutes or by the hour."""

    list_display = (
        "begins_at",
        "connector",
        "span_s",
        "last_wh",
        "power_w",
        "most_power_w",
        "values",
        "set_aside",
    )
    list_filter = ("span_s",)
    list_select_related = ("connector__charge_point", "community")
    fields = (
        ("connector", "session"),
        ("begins_at", "span_s"),
        ("values", "set_aside"),
        ("first_at", "first_wh"),
        ("last_at", "last_wh"),
        ("power_w", "most_power_w", "powers"),
        ("current_l1_ma", "current_l2_ma", "current_l3_ma", "currents"),
        "charge_pct",
    )
    export_fields = (
        "begins_at",
        "span_s",
        "connector",
        "session",
        "first_wh",
        "last_wh",
        "power_w",
        "values",
    )


@admin.register(SignedMeterValue)
class SignedMeterValueAdmin(LedgerAdmin):
    """What meters signed, to be copied whole into the software that checks it."""

    list_display = ("measured_at", "session", "context", "encoding", "method")
    list_filter = ("context",)
    search_fields = ("session__driver__name", "session__connector__charge_point__name")
    list_select_related = ("session__connector__charge_point", "session__driver", "community")
    link_lookups = ("session",)
    fields = (
        "session",
        ("measured_at", "received_at"),
        ("context", "encoding", "method"),
        "data",
        "public_key",
    )


@panel_for(Session)
def signed_panel(request: HttpRequest, session: Session) -> Panel | None:
    """The first and last of what the meter signed stand first, as they prove the bill."""
    values = list(
        session.signed_values.select_related("session__connector").order_by("measured_at", "received_at")
    )
    if not values:
        return None
    ends = [value for value in values if value.context in signed_values.ENDS]
    shown = [*ends, *(value for value in values if value not in ends)][:SHOWN_SIGNED]
    rows = [
        {
            "at": value.measured_at or value.received_at,
            "page": page_of(value),
            "value": value,
            "proof": gettext(proofs.WORDS[proof]),
            "tone": TONES.get(proof, "warn"),
        }
        for value in shown
        for proof in (proofs.judge_value(value),)
    ]
    more = Cell(
        gettext("All %(count)s") % {"count": len(values)},
        list_of(SignedMeterValue, session__id__exact=session.pk),
    )
    file = reverse("transparency-file", args=[session.pk])
    return Panel(
        gettext("Signed meter values"),
        "admin/chargers/panel_signed.html",
        {"rows": rows, "more": more, "file": file},
    )


@panel_for(Driver)
def sessions_panel(request: HttpRequest, driver: Driver) -> Panel | None:
    newest = Session.objects.filter(driver=driver).select_related("connector__charge_point")[:5]
    rows = [
        [
            Cell(moment(session.plugged_at), page_of(session)),
            str(session.connector),
            Cell(
                session.get_state_display(),
                tone="ok" if session.state == SessionState.ACTIVE else "quiet",
            ),
            kwh(session.energy_wh),
        ]
        for session in newest
    ]
    more = Cell(gettext("All sessions"), list_of(Session, driver__id__exact=driver.pk))
    return table(
        gettext("Last sessions"),
        [gettext("Since"), gettext("Where"), gettext("State"), gettext("Energy")],
        rows,
        more=more,
        empty=gettext("No session yet."),
    )
