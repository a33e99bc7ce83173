"""What each step of the assistant shows and does."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.conf import settings
from django.forms import formset_factory
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy, ngettext

from chargers.admin.fallbacks import panels_of_choices
from chargers.domain.limits import commissioning
from chargers.models import ChargePoint, Connector, PendingChargePoint
from chargers.models.charge_point import NEVER_CONNECTED
from drivers.admin.person import person_of
from drivers.domain import invitations
from drivers.domain.invitations import Guest, Invited, invite_guests
from drivers.enums import Role
from drivers.models import Driver, Invitation, Membership
from evbalancer.admin.setup import sheet
from evbalancer.admin.setup.forms import (
    CircuitForm,
    CommunityForm,
    ConnectionForm,
    FallbackForm,
    ListForm,
    MailForm,
    ManagerForm,
    StepForm,
    TariffForm,
)
from evbalancer.common import mail
from evbalancer.common.admin.panels import list_of, page_of
from evbalancer.common.security.tenancy import request_access
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.words.reading import write_phases
from evbalancer.setup import lists, steps
from evbalancer.setup.faults import Fault
from evbalancer.setup.plan import LEAST, METERS, BuildingPlan, Place
from evbalancer.setup.progress import Step, clusters_of
from evbalancer.setup.steps import Acting
from grid.admin.circuit import per_phase
from grid.domain.topology import read_tree
from grid.models import Circuit, Cluster, Community
from pricing.domain.templates import Template, template_of
from pricing.models import Tariff
from pricing.rating.weekly import PER_KWH

# What to say after it, what to show instead, or what to do after the commit. None: the form is wrong.
Outcome = str | HttpResponse | Callable[[], HttpResponse] | None

INTROS: Final[dict[Step, Promise]] = {
    Step.COMMUNITY: gettext_lazy("Who charges here: an apartment block, a car park, a company."),
    Step.CONNECTION: gettext_lazy("How much the building may draw from the grid, and how much of it the building needs for itself. Cars get what is left, on every phase."),
    Step.CIRCUITS: gettext_lazy("Everything between the grid connection and the charge points that has a fuse of its own. A small site needs none: go on to the next step."),
    Step.CHARGERS: gettext_lazy("Enter the charge points before they are mounted, or let unknown ones wait until you accept them. One that never connected is planned and holds no power."),
    Step.FALLBACKS: gettext_lazy("What a car may draw while the server can't be reached. The sum must fit every circuit at once, so that nothing trips then."),
    Step.TARIFF: gettext_lazy("What charging costs from today on. Weekends, steps and market prices can come later, under Tariffs."),
    Step.PEOPLE: gettext_lazy("One list of everybody who charges. Sent again, it adds who is missing."),
    Step.MANAGER: gettext_lazy("Who looks after this community in the back office. A manager need not drive."),
    Step.MAIL: gettext_lazy("Invitations, forgotten passwords and news need a mail server."),
    Step.CONTACT: gettext_lazy("Enter address, name and key at each charge point. It appears here as soon as it connects."),
}  # fmt: skip


class StepPage:
    """One step of a community for one request."""

    step: Step
    form_class: type[StepForm] | None = None
    form: StepForm | None = None
    # Whether there is more to do here after the form: keys to make, people to invite.
    stays = False

    def __init__(self, community: Community, request: HttpRequest) -> None:
        self.community, self.request = community, request
        sent = (request.POST, request.FILES) if request.method == "POST" and "act" not in request.POST else ()
        if self.form_class is not None:
            self.form = (
                self.form_class(*sent, initial=self.initial())
                if sent
                else self.form_class(initial=self.initial())
            )
            self.adjust(self.form)

    @property
    def cluster(self) -> Cluster | None:
        return next(iter(clusters_of(self.community)), None)

    @property
    def is_operator(self) -> bool:
        return request_access(self.request).everywhere

    def initial(self) -> dict[str, Any]:
        return {}

    def adjust(self, form: StepForm) -> None:
        """Fit the form to who fills it in."""

    def context(self) -> dict[str, Any]:
        return {}

    def run(self, acting: Acting) -> Outcome:
        return None

    def take_faults(self, faults: list[Fault]) -> None:
        if self.form is not None:
            self.form.take_faults(faults)


class CommunityPage(StepPage):
    step = Step.COMMUNITY
    form_class = CommunityForm

    def initial(self) -> dict[str, Any]:
        row = self.community
        return {
            "name": row.name,
            "time_zone": row.time_zone,
            "currency": row.currency,
            "language": row.language or settings.LANGUAGE_CODE,
        }

    def adjust(self, form: StepForm) -> None:
        form.fields["currency"].disabled = not self.is_operator

    def run(self, acting: Acting) -> Outcome:
        if not isinstance(self.form, CommunityForm) or not self.form.is_valid():
            return None
        steps.settle_community(self.form.plan(), acting, self.community)
        return gettext("Saved.")


class ConnectionPage(StepPage):
    step = Step.CONNECTION
    form_class = ConnectionForm

    def initial(self) -> dict[str, Any]:
        cluster = self.cluster
        if cluster is None:
            return {"name": self.community.name}
        root = read_tree(cluster).root
        is_single = not any(root.limit_ma[1:])
        phases = (0,) if is_single else (0, 1, 2)
        meter = next(
            word for word, sees in METERS.items() if sees == (root.meter_sees if root.has_meter else None)
        )
        return {
            "name": cluster.name,
            "phases": "1" if is_single else "3",
            "limit_a": write_phases(root.limit_ma, phases),
            "unit": "A",
            "voltage_v": cluster.voltage_v,
            "meter": meter,
            "building_max_a": write_phases(root.base_load_max_ma, phases),
            "margin_a": write_phases(PhaseMilliamps.on((0,), cluster.margin_ma), (0,)),
        }

    def adjust(self, form: StepForm) -> None:
        form.fields["voltage_v"].disabled = self.cluster is not None and not self.is_operator

    def run(self, acting: Acting) -> Outcome:
        if not isinstance(self.form, ConnectionForm) or not self.form.is_valid():
            return None
        steps.settle_connection(self.community, self.form.plan(), acting, self.cluster)
        return gettext("Saved.")


class NeedsConnection(StepPage):
    """A step that has nothing to hang on before there is a grid connection."""

    def context(self) -> dict[str, Any]:
        return {
            "needs": None
            if self.cluster is not None
            else reverse("admin:setup-step", args=[self.community.pk, Step.CONNECTION])
        }


class CircuitsPage(NeedsConnection):
    step = Step.CIRCUITS
    form_class = ListForm
    formset: Any = None

    def __init__(self, community: Community, request: HttpRequest) -> None:
        super().__init__(community, request)
        is_drawn = request.method == "POST" and request.POST.get("act") == "draw"
        rows = [
            {
                "name": row.name,
                "below": row.parent.name if row.parent else "",
                "kind": row.kind,
                "limit_a": write_phases(row.limit_ma),
                "exceeds_above": self._exceeds(row),
            }
            for row in self._circuits()
        ]
        drawn: Any = formset_factory(CircuitForm, extra=3, max_num=200, absolute_max=200)
        self.formset = drawn(request.POST if is_drawn else None, initial=rows, prefix="circuit")

    def _circuits(self) -> Iterable[Circuit]:
        below = Circuit.objects.filter(cluster=self.cluster, retired_at=None).exclude(parent=None)
        return below.select_related("parent").order_by("position", "name")

    @staticmethod
    def _exceeds(row: Circuit) -> bool:
        above = row.parent
        return above is not None and any(
            own > most for own, most in zip(row.limit_ma, above.limit_ma, strict=True)
        )

    def context(self) -> dict[str, Any]:
        cluster = self.cluster
        return {
            **super().context(),
            "formset": self.formset,
            "extra": "admin/setup/circuits.html",
            "tree": _branches(cluster) if cluster is not None else [],
            "names": [row.name for row in read_tree(cluster).circuits.values()]
            if cluster is not None
            else [],
            "example": "name;below;limit_a\nPanel A;;63\nFeeder 1;Panel A;32 / 32 / 25",
        }

    def run(self, acting: Acting) -> Outcome:
        cluster = self.cluster
        if cluster is None:
            return None
        if self.request.POST.get("act") == "draw":
            if not self.formset.is_valid():
                return None
            known = {row.name.casefold(): row for row in self._circuits()}
            plans = [
                form.plan(number, _building_of(known.get(form.cleaned_data["name"].strip().casefold())))
                for number, form in enumerate(self.formset.forms, start=1)
                if form.cleaned_data.get("name")
            ]
        elif isinstance(self.form, ListForm) and self.form.is_valid():
            plans = lists.read_circuits(self.form.told, acting.faults)
        else:
            return None
        steps.settle_circuits(cluster, plans, acting)
        return ngettext("%(count)s circuit is there.", "%(count)s circuits are there.", len(plans)) % {
            "count": len(plans)
        }

    def take_faults(self, faults: list[Fault]) -> None:
        if self.request.POST.get("act") != "draw":
            super().take_faults(faults)
            return
        for fault in faults:
            number = fault.place.lines.get("", 0)
            if 1 <= number <= len(self.formset.forms):
                form = self.formset.forms[number - 1]
                form.add_error(fault.key if fault.key in form.fields else None, fault.text)


def _building_of(circuit: Circuit | None) -> BuildingPlan:
    if circuit is None:
        return BuildingPlan()
    meter = next(
        word for word, sees in METERS.items() if sees == (circuit.meter_sees if circuit.has_meter else None)
    )
    return BuildingPlan(meter, circuit.base_load_max_ma)


def _branches(cluster: Cluster) -> list[dict[str, Any]]:
    """For the picture of the tree."""
    tree = read_tree(cluster)

    def branch(circuit: Circuit) -> dict[str, Any]:
        below = [each for each in tree.circuits.values() if each.parent_id == circuit.pk]
        return {
            "circuit": circuit,
            "limit": per_phase(circuit.limit_ma),
            "lowered": "",
            "children": [branch(each) for each in below],
        }

    return [branch(tree.root)]


class ChargersPage(NeedsConnection):
    step = Step.CHARGERS
    form_class = ListForm
    stays = True

    def context(self) -> dict[str, Any]:
        rows = ChargePoint.objects.filter(community=self.community, retired_at=None)
        connectors = Connector.objects.filter(charge_point__in=rows, retired_at=None)
        waiting = PendingChargePoint.objects.filter(community=self.community, blocked_at=None)
        return {
            **super().context(),
            "extra": "admin/setup/chargers.html",
            "example": "identity;name;circuit;phase_rotation;max_current_a\nWB-A01;A-01;Panel A;RST;16",
            "connectors": connectors.select_related("charge_point", "circuit").order_by(
                "charge_point__name", "number"
            )[:200],
            "count": rows.count(),
            "without_key": rows.filter(key_hash="").count(),
            "planned": rows.filter(NEVER_CONNECTED).count(),
            "waiting": [
                {"row": row, "href": page_of(row).removesuffix("change/") + "accept/"} for row in waiting
            ],
            "holds_unknown": settings.OCPP_HOLD_UNKNOWN and self.community.slug == settings.OCPP_HOLD_FOR,
        }

    def run(self, acting: Acting) -> Outcome:
        cluster = self.cluster
        if cluster is None:
            return None
        if self.request.POST.get("act") in ("keys", "keys-again"):
            return sheet.print_keys(
                self.request, self.community, acting, again=self.request.POST["act"] == "keys-again"
            )
        if not isinstance(self.form, ListForm) or not self.form.is_valid():
            return None
        plans = lists.read_chargers(self.form.told, acting.faults)
        steps.settle_chargers(cluster, plans, acting)
        steps.settle_access(cluster, plans, acting)
        return ngettext("%(count)s connector is there.", "%(count)s connectors are there.", len(plans)) % {
            "count": len(plans)
        }


class FallbacksPage(NeedsConnection):
    step = Step.FALLBACKS
    form_class = FallbackForm

    def initial(self) -> dict[str, Any]:
        """As chosen; nothing where connectors differ, so that a look at the page changes none of them."""
        rows = list(commissioning.in_use(self.cluster)) if self.cluster is not None else []
        chosen = {row.chosen_fallback_ma for row in rows}
        if not rows or chosen == {0}:
            return {"choice": "0"}
        if all(row.chosen_fallback_ma == row.min_current_ma for row in rows):
            return {"choice": LEAST}
        if len(chosen) > 1:
            return {"choice": ""}
        return {"choice": "other", "all_a": write_phases(PhaseMilliamps.on((0,), chosen.pop()), (0,))}

    def context(self) -> dict[str, Any]:
        cluster = self.cluster
        return {**super().context(), "panels": panels_of_choices(cluster) if cluster is not None else []}

    def run(self, acting: Acting) -> Outcome:
        cluster = self.cluster
        if cluster is None or not isinstance(self.form, FallbackForm) or not self.form.is_valid():
            return None
        steps.settle_fallbacks(cluster, self.form.plan(), acting)
        return gettext("Chosen. Charge points get their fallback as soon as they connect.")


class TariffPage(StepPage):
    step = Step.TARIFF
    form_class = TariffForm

    def __init__(self, community: Community, request: HttpRequest) -> None:
        super().__init__(community, request)
        if self._told is not None and self._told[1] is None:
            # Its prices are finer than a template: the page of the tariff has them.
            self.form = None

    @cached_property
    def _told(self) -> tuple[Tariff, Template | None] | None:
        """The newest tariff, and the template that says all of it, if there is one."""
        tariff = Tariff.objects.filter(community=self.community).order_by("-valid_from").first()
        return None if tariff is None else (tariff, template_of(tariff))

    def initial(self) -> dict[str, Any]:
        if self._told is None:
            return {"name": gettext("House tariff")}
        tariff, template = self._told
        night = tariff.windows.first()
        return {
            "name": tariff.name,
            "template": template,
            "price_per_kwh": _price(tariff.base_price_per_mwh_minor),
            "night_price_per_kwh": _price(night.price_per_mwh_minor if night is not None else None),
        }

    def context(self) -> dict[str, Any]:
        tariff = self._told[0] if self._told is not None else None
        page = page_of(tariff) if tariff is not None else ""
        return {"extra": "admin/setup/tariff.html", "tariff": tariff, "tariff_page": page}

    def run(self, acting: Acting) -> Outcome:
        if not isinstance(self.form, TariffForm) or not self.form.is_valid():
            return None
        steps.settle_tariff(self.community, self.form.plan(), acting)
        return gettext("Published.")


def _price(per_mwh_minor: int | None) -> str:
    return "" if per_mwh_minor is None else f"{per_mwh_minor / PER_KWH:g}"


class PeoplePage(StepPage):
    step = Step.PEOPLE
    form_class = ListForm
    stays = True

    def _uninvited(self) -> list[Driver]:
        rows = Driver.objects.filter(community=self.community, retired_at=None, user=None).exclude(email="")
        invited = Invitation.objects.filter(
            community=self.community, accepted_at=None, revoked_at=None
        ).values_list("email", flat=True)
        known = {address.casefold() for address in invited}
        return [row for row in rows.order_by("name") if row.email.casefold() not in known]

    def context(self) -> dict[str, Any]:
        rows = Driver.objects.filter(community=self.community, retired_at=None)
        return {
            "extra": "admin/setup/people.html",
            "example": "name;email;flat;space;card\nAnna Berger;anna@example.org;Flat 1;A-01;04:A1:B2:C3",
            "people": rows.select_related("flat", "user").prefetch_related("id_tags").order_by("name")[:200],
            "count": rows.count(),
            "uninvited": len(self._uninvited()),
            "sends_mail": mail.sends_mail(),
        }

    def run(self, acting: Acting) -> Outcome:
        if self.request.POST.get("act") == "invite":
            guests = [
                Guest(row.name, row.email, row.unit) for row in self._uninvited()[: invitations.MOST_ROWS]
            ]
            if not guests:
                return gettext("Everybody with an address is invited.")
            with acting.faults.at(Place()):
                invited = invite_guests(self.community, guests, by=person_of(self.request), now=acting.now)
                return lambda: sheet.show_invited(self.request, self.community, invited, self.step)
            return None
        if not isinstance(self.form, ListForm) or not self.form.is_valid():
            return None
        plans = lists.read_people(self.form.told, acting.faults)
        new = steps.settle_people(self.community, plans, acting)
        said = ngettext(
            "%(count)s person is on the list, %(new)s of them new.",
            "%(count)s people are on the list, %(new)s of them new.",
            len(plans),
        )
        return said % {"count": len(plans), "new": new}


class ManagerPage(StepPage):
    step = Step.MANAGER
    form_class = ManagerForm

    def context(self) -> dict[str, Any]:
        managers = Membership.objects.filter(community=self.community, role=Role.MANAGER).select_related(
            "user"
        )
        invited = Invitation.objects.filter(
            community=self.community, role=Role.MANAGER, accepted_at=None, revoked_at=None
        )
        return {"extra": "admin/setup/manager.html", "managers": managers, "invited": invited}

    def run(self, acting: Acting) -> Outcome:
        if not isinstance(self.form, ManagerForm) or not self.form.is_valid():
            return None
        data = self.form.cleaned_data
        guest = Guest(data["name"], data["email"], role=Role.MANAGER)
        with acting.faults.at(Place()):
            invited: list[Invited] = invite_guests(
                self.community, [guest], by=person_of(self.request), now=acting.now
            )
            return lambda: sheet.show_invited(self.request, self.community, invited, self.step)
        return None


class MailPage(StepPage):
    step = Step.MAIL
    form_class = MailForm

    def initial(self) -> dict[str, Any]:
        return {"to": person_of(self.request).email}

    def context(self) -> dict[str, Any]:
        return {
            "extra": "admin/setup/mail.html",
            "sends_mail": mail.sends_mail(),
            "host": settings.EMAIL_HOST,
            "port": settings.EMAIL_PORT,
        }

    def run(self, acting: Acting) -> Outcome:
        if not isinstance(self.form, MailForm) or not self.form.is_valid():
            return None
        if not mail.sends_mail():
            self.form.add_error(None, gettext("No mail server is configured: set EMAIL_HOST first."))
            return None
        text = gettext("This is a test: mail from EV Balancer reaches you.")
        [why] = mail.send(
            [mail.Mail(self.form.cleaned_data["to"], f"EV Balancer: {self.community.name}", text)]
        )
        if why:
            self.form.add_error(None, gettext("The mail server refused it: %(why)s") % {"why": why})
            return None
        return gettext("The mail server took it. Look into the inbox, and into the spam folder.")


class ContactPage(StepPage):
    step = Step.CONTACT

    def context(self) -> dict[str, Any]:
        rows = ChargePoint.objects.filter(community=self.community, retired_at=None)
        cluster = self.cluster
        return {
            "extra": "admin/setup/contact.html",
            "rows": rows.order_by("name")[:200],
            "charge_points": list_of(ChargePoint),
            "live": reverse("cluster-page", args=[cluster.pk]) if cluster is not None else "",
            "address": sheet.base_of(self.request) + "/ocpp/",
        }


STEPS: Final[dict[str, type[StepPage]]] = {
    page.step: page
    for page in (
        CommunityPage, ConnectionPage, CircuitsPage, ChargersPage, FallbacksPage, TariffPage, PeoplePage, ManagerPage, MailPage, ContactPage,
    )
}  # fmt: skip
