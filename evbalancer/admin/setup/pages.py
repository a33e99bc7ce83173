"""The setup assistant: a page a step. Each shows what is stored and stores what is entered; nothing else is remembered.

So a step can be left and taken up by anybody, in any order and in two tabs, and sending it twice changes nothing more.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from evbalancer.admin.setup import steps as of_steps
from evbalancer.admin.setup.forms import CommunityForm, StepForm
from evbalancer.admin.setup.steps import STEPS, StepPage
from evbalancer.common.admin import scope
from evbalancer.common.security.tenancy import request_access
from evbalancer.setup import steps
from evbalancer.setup.faults import Faults
from evbalancer.setup.progress import OF_OPERATORS, TITLES, Progress, Step, read_progress
from evbalancer.setup.steps import Acting
from grid.admin.audited import actor_of
from grid.models import Circuit, Community

Context = Callable[[HttpRequest], dict[str, Any]]


def address_of(community: Community, step: Step) -> str:
    return reverse("admin:setup-step", args=[community.pk, step.value])


def communities_of(request: HttpRequest) -> list[Community]:
    rows = scope.within(Community.objects.filter(retired_at=None), request_access(request))
    return list(rows.order_by("created_at"))


def first_page(request: HttpRequest) -> str | None:
    """Where a sign-in leads while nothing can be shown yet: to the first community, or to the one that never had a connection."""
    if request_access(request).everywhere and not Community.objects.exists():
        return reverse("admin:setup")
    found = communities_of(request)
    if len(found) != 1 or Circuit.objects.filter(community=found[0]).exists():
        return None
    return address_of(found[0], read_progress(found[0]).next)


def open_lists(request: HttpRequest) -> list[dict[str, Any]]:
    """The check lists that are not green, for the front page."""
    lists = (read_progress(community) for community in communities_of(request)[:MOST_LISTS])
    return [_shown(progress, request) for progress in lists if not progress.is_complete]


MOST_LISTS = 6


def begin_page(request: HttpRequest, *, context: Context) -> HttpResponse:
    """A new community, for operators; others go on with theirs."""
    if not request_access(request).everywhere:
        found = communities_of(request)
        if not found:
            raise PermissionDenied
        return HttpResponseRedirect(address_of(found[0], read_progress(found[0]).next))
    form = CommunityForm(request.POST or None, initial={"time_zone": "Europe/Berlin", "language": "en"})
    if request.method == "POST" and form.is_valid():
        plan = form.plan()
        acting = Acting(actor_of(request), timezone.now(), Faults())
        known = steps.find_community(plan.name)
        if known is not None and (known.time_zone, known.currency, known.language) != (
            plan.time_zone, plan.currency, plan.language,
        ):  # fmt: skip
            form.add_error("name", gettext("There is a community of this name already."))
        else:
            community = known or steps.settle_community(plan, acting)
            form.take_faults(acting.faults.found)
            if community is not None:
                return HttpResponseRedirect(address_of(community, read_progress(community).next))
    return _answer(request, context, Step.COMMUNITY, {"others": communities_of(request)}, form=form)


def step_page(request: HttpRequest, community_id: UUID, step: str, *, context: Context) -> HttpResponse:
    community = scope.within(
        Community.objects.filter(pk=community_id, retired_at=None), request_access(request)
    ).first()
    if community is None or step not in STEPS:
        raise Http404
    here = Step(step)
    if here in OF_OPERATORS and not request_access(request).everywhere:
        here_context = {"for_operators": True}
        return _answer(request, context, here, here_context, form=None, community=community)
    page: StepPage = STEPS[here](community, request)
    if request.method == "POST":
        done = _act(page, request)
        if done is not None:
            return done
    return _answer(request, context, here, page.context(), form=page.form, community=community)


def _act(page: StepPage, request: HttpRequest) -> HttpResponse | None:
    """What follows a form that was sent; None to show it again, with its refusals and nothing stored."""
    acting = Acting(actor_of(request), timezone.now(), Faults())
    with transaction.atomic():
        said = page.run(acting)
        if acting.faults.found or said is None:
            transaction.set_rollback(True)
    if acting.faults.found:
        page.take_faults(acting.faults.found)
        return None
    if said is None:
        return None
    if callable(said):
        return said()
    if isinstance(said, HttpResponse):
        return said
    if said:
        messages.success(request, said)
    stays = page.stays or "stay" in request.POST
    following = page.step if stays else _after(page.step, request)
    return HttpResponseRedirect(address_of(page.community, following))


def _after(step: Step, request: HttpRequest) -> Step:
    steps_in_order = list(Step)
    later = steps_in_order[steps_in_order.index(step) + 1 :]
    everywhere = request_access(request).everywhere
    return next((each for each in later if everywhere or each not in OF_OPERATORS), step)


def _answer(
    request: HttpRequest,
    context: Context,
    step: Step,
    own: dict[str, Any],
    *,
    form: StepForm | None,
    community: Community | None = None,
) -> HttpResponse:
    progress = read_progress(community) if community is not None else None
    following = _after(step, request)
    shown = {
        **context(request),
        "title": str(TITLES[step]),
        "step": step,
        "intro": of_steps.INTROS[step],
        "community": community,
        "progress": _shown(progress, request) if progress is not None else None,
        "form": form,
        "following": address_of(community, following) if community is not None and following != step else "",
        "following_title": TITLES[following],
        **own,
    }
    is_refused = request.method == "POST"
    return TemplateResponse(request, "admin/setup/step.html", shown, status=422 if is_refused else 200)


def _shown(progress: Progress, request: HttpRequest) -> dict[str, Any]:
    everywhere = request_access(request).everywhere
    return {
        "community": progress.community,
        "done": progress.done,
        "count": len(progress.points),
        "next": address_of(progress.community, progress.next),
        "points": [
            {
                "step": point.step,
                "title": point.title,
                "is_done": point.is_done,
                "note": point.note,
                "href": address_of(progress.community, point.step),
                "is_open": everywhere or point.step not in OF_OPERATORS,
            }
            for point in progress.points
        ],
    }
