"""What the assistant shows once: all keys on one sheet of cards to print, and invitations."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from chargers.domain.sockets import keys
from chargers.domain.sockets.handover import Handover
from chargers.models import ChargePoint
from chargers.models.charge_point import NEVER_CONNECTED
from drivers.domain import invitations
from drivers.domain.invitations import Invited
from evbalancer.common.mail import sends_mail
from evbalancer.setup.progress import Step
from evbalancer.setup.steps import Acting
from grid.models import Community


def base_of(request: HttpRequest) -> str:
    """Where charge points reach this server, as this browser does."""
    return f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"


def print_keys(
    request: HttpRequest, community: Community, acting: Acting, *, again: bool
) -> HttpResponse | str:
    """A card for each charge point without a key; `again`: for each that has never connected, whose former key ends."""
    rows = ChargePoint.objects.filter(community=community, retired_at=None)
    rows = rows.filter(NEVER_CONNECTED) if again else rows.filter(key_hash="")
    # In one order for all, so that of two requests the second one replaces all keys of the first.
    locked = rows.select_for_update(of=("self",), no_key=True).order_by("pk")
    issued = [(row, keys.issue_key(row, actor=acting.actor, now=acting.now)) for row in locked]
    if not issued:
        return gettext("Every charge point has its key already.")
    cards = [
        {"charge_point": row, "handover": card, "picture": mark_safe(card.qr_svg())}  # noqa: S308 (drawn here, holds no text)
        for row, key in sorted(issued, key=lambda each: each[0].name)
        for card in [Handover(base_of(request), row.identity, key)]
    ]
    return _once(
        request,
        community,
        "admin/setup/keys.html",
        {"cards": cards, "title": gettext("Keys of charge points")},
        Step.CHARGERS,
    )


def show_invited(
    request: HttpRequest, community: Community, invited: list[Invited], step: Step
) -> HttpResponse:
    page = request.build_absolute_uri(reverse("accept-invitation"))
    reasons = invitations.send_invitations(invited, page=page) if sends_mail() else [""] * len(invited)
    rows = [
        {"invitation": each.invitation, "link": f"{page}/{each.token}", "why": why}
        for each, why in zip(invited, reasons, strict=True)
    ]
    own = {"rows": rows, "sends_mail": sends_mail(), "title": gettext("Invited")}
    return _once(request, community, "admin/setup/invited.html", own, step)


def _once(
    request: HttpRequest, community: Community, template: str, own: dict[str, Any], step: Step
) -> HttpResponse:
    """In the answer to the POST itself: no cookie, no session, no cache holds it."""
    from django.contrib import admin  # the site that is chosen by the settings

    back = reverse("admin:setup-step", args=[community.pk, step.value])
    context = {**admin.site.each_context(request), "community": community, "back": back, **own}
    response = TemplateResponse(request, template, context)
    response["Cache-Control"] = "no-store"
    return response
