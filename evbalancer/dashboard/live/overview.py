"""The page at one glance: the load against the limit, cars that charge and wait, and spaces that need a person."""

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext, ngettext

from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.words.amounts import amps, kilowatts
from evbalancer.dashboard.live.bars import total
from evbalancer.dashboard.live.cut import CUT_PCT, cuts_among
from evbalancer.dashboard.live.facts import Facts, ShownPlace
from grid.domain.limits import aimed_limits_ma, limit_in_force_ma
from grid.models import TemporaryLimit
from scheduling.domain.balancing.attendance import Absence
from scheduling.domain.picture.states import TROUBLED, PlaceState
from scheduling.domain.trials.cutting import foresee_cut
from scheduling.enums import BalanceStep
from scheduling.models import BalanceTrouble


def headline(facts: Facts) -> dict[str, Any]:
    root = facts.tree.root
    building = facts.building_ma(root.pk)
    cars = total(place.measured_ma for place in facts.places)
    reserved = total(_at_least_measured(place) for place in facts.places)
    judged = limit_in_force_ma(root, facts.limits, now=facts.now)
    aimed = aimed_limits_ma([root], facts.limits)[root.pk]
    margin = facts.cluster.margin_ma
    free = PhaseMilliamps(
        *(
            max(0, limit - margin - load - held)
            for limit, load, held in zip(aimed, building, reserved, strict=True)
        ),
    )
    waiting = [place for place in facts.places if place.state is PlaceState.WAITING]
    free_spaces = [
        facts.space_names[place.connector.pk] for place in facts.places if place.state is PlaceState.AVAILABLE
    ]
    return {
        "load_va": facts.va(building.plus(cars)),
        "building_va": facts.va(building),
        "cars_va": facts.va(cars),
        "limit_va": facts.va(judged),
        "usual_va": facts.va(root.limit_ma),
        "announced_va": facts.va(aimed) if aimed != judged else None,
        "free_va": facts.va(free),
        "connectors": len(facts.places),
        "charging": sum(place.charging for place in facts.places),
        "waiting": len(waiting),
        "free": len(free_spaces),
        "free_spaces": free_spaces,
        "offline": sum(place.state is PlaceState.OFFLINE for place in facts.places),
        "next_turn_at": _next_turn_at(facts, waiting),
    }


def cut_state(facts: Facts) -> dict[str, Any]:
    """For the button: what it would do, and when what it did takes effect."""
    standing = cuts_among(facts.limits)
    return {
        "pct": CUT_PCT,
        "standing": bool(standing),
        "effective_at": standing[0].effective_at.isoformat() if standing else None,
        "reachable": sum(
            place.state not in (PlaceState.OFFLINE, PlaceState.PLANNED) for place in facts.places
        ),
        "unreachable": sum(place.state is PlaceState.OFFLINE for place in facts.places),
    }


def cut_ahead(facts: Facts) -> dict[str, int] | None:
    """For the manager who thinks of pressing it: how many cars it would pause, slow down and make late. None: nothing to say."""
    if cuts_among(facts.limits):
        return None
    booked = {str(place.connector.pk) for place in facts.places if place.slot is not None}
    effect = foresee_cut(facts.run, pct=CUT_PCT, booked=booked, now=facts.now)
    return None if effect is None else asdict(effect)


def alerts(facts: Facts) -> list[dict[str, Any]]:
    """Sentences, the most urgent first. `counts_to` is a moment that the page counts down to."""
    found = [
        *_about_reach(facts),
        *_about_cars(facts),
        *_about_balancing(facts),
        *_about_meters(facts),
        *_about_demand(facts),
    ]
    return found + [_about_limit(facts, limit) for limit in facts.limits]


def without_reasons(alert: dict[str, Any]) -> dict[str, Any]:
    """For people outside the community: what is so, and not who wrote what about it."""
    return {**alert, "reason": ""}


def _about_cars(facts: Facts) -> list[dict[str, Any]]:
    """Each state that needs a person; `_about_reach` names those that can't be reached."""
    found = []
    for state in TROUBLED:
        if state is PlaceState.OFFLINE:
            continue
        names = [place.connector.charge_point.name for place in facts.places if place.state is state]
        if names:
            # An unmanaged space is as safe as the others: it only costs them power.
            is_urgent = state is not PlaceState.UNMANAGED
            found.append(
                _alert(str(state), _spaces(state, len(names)), urgent=is_urgent, reason=_list(names))
            )
    return found


def _about_reach(facts: Facts) -> list[dict[str, Any]]:
    """No limit can be changed: granted power lapses, and a cut holds from then on."""
    there = [place for place in facts.places if place.state is not PlaceState.PLANNED]
    away = [
        place.connector.charge_point.name
        for place in there
        if place.state is PlaceState.OFFLINE and place.needs_a_person
    ]
    if not away:
        return []
    if all(place.state is PlaceState.OFFLINE for place in there):
        return [
            _alert("reach", gettext("No charge point can be reached: no limit can be changed"), urgent=True)
        ]
    words = ngettext(
        "%(count)s space can't be reached: its limit can't be changed",
        "%(count)s spaces can't be reached: their limits can't be changed",
        len(away),
    )
    is_urgent = len(away) * 2 >= len(there)
    return [_alert("reach", words % {"count": len(away)}, urgent=is_urgent, reason=_list(away))]


def _about_balancing(facts: Facts) -> list[dict[str, Any]]:
    found = [_about_trouble(trouble) for trouble in facts.troubles]
    if facts.run is None:
        return [*found, _alert("run", gettext("The balancer has not run yet"), urgent=False)]
    if facts.absence is not None:
        found.append(_about_absence(facts.absence))
    if facts.run.safe_plan:
        found.append(
            _alert("plan", gettext("The last plan failed its check: no car is given more"), urgent=True)
        )
    return found


def _about_absence(absence: Absence) -> dict[str, Any]:
    """No worker balances. Limits hold as long as a web process stands in; else nothing is changed."""
    if absence.stand_in:
        text = gettext("No worker balances: the web server does it in their place")
    else:
        text = gettext("Nobody balances: limits stay as they are, and what was granted lapses")
    alert = _alert("run", text, urgent=not absence.stand_in, reason=absence.stand_in)
    return alert | ({} if absence.since is None else {"since": absence.since.isoformat()})


def _about_trouble(trouble: BalanceTrouble) -> dict[str, Any]:
    """A rebalance that fails changes no limit; a step beside it leaves limits as they should be."""
    if trouble.step == BalanceStep.REBALANCE:
        text = gettext("Balancing fails: limits don't change, and granted power lapses")
    else:
        step = trouble.get_step_display()
        text = gettext("Limits hold, but a part of balancing fails: %(step)s") % {"step": step}
    alert = _alert(f"trouble-{trouble.step}", text, urgent=True, reason=trouble.error)
    return alert | {"since": trouble.since.isoformat()}


def _about_meters(facts: Facts) -> list[dict[str, Any]]:
    return [
        _alert(
            f"meter-{pk}",
            gettext("The building meter of %(circuit)s is silent: its highest load is assumed")
            % {"circuit": facts.tree.circuits[pk].name},
            urgent=True,
        )
        for pk in sorted(facts.silent_meters)
    ]


def _about_demand(facts: Facts) -> list[dict[str, Any]]:
    return [
        _alert(
            f"demand-{row.circuit_id}",
            gettext(
                "%(circuit)s can't hold its billed peak: the building and the power guaranteed to cars need more"
            )
            % {"circuit": facts.tree.circuits[row.circuit_id].name},
            urgent=True,
            reason=gettext("target %(power)s") % {"power": kilowatts(row.target_w)},
        )
        for row in facts.intervals
        if row.cannot_hold
    ]


def _about_limit(facts: Facts, limit: TemporaryLimit) -> dict[str, Any]:
    text = gettext("%(circuit)s limited to %(amps)s a phase") % {
        "circuit": limit.circuit.name,
        "amps": amps(min(limit.limit_ma)),
    }
    if limit.uncovered_ma:
        text += ". " + gettext("Not covered while charge points are offline: %(amps)s more could flow") % {
            "amps": amps(limit.uncovered_ma)
        }
    ahead = limit.effective_at > facts.now
    return _alert(f"limit-{limit.pk}", text, urgent=limit.uncovered_ma > 0, reason=limit.reason_told) | {
        "counts_to": limit.effective_at.isoformat() if ahead else None,
        "until": limit.until.isoformat() if limit.until else None,
    }


def _alert(key: str, text: str, *, urgent: bool, reason: str = "") -> dict[str, Any]:
    return {"id": key, "text": text, "urgent": urgent, "reason": reason}


def _at_least_measured(place: ShownPlace) -> PhaseMilliamps:
    return PhaseMilliamps(*map(max, place.reserved_ma, place.measured_ma))


def _next_turn_at(facts: Facts, waiting: list[ShownPlace]) -> str | None:
    turns = [
        place.allotment.next_change_at
        for place in waiting
        if place.allotment is not None and place.allotment.next_change_at is not None
    ]
    ahead = [at for at in turns if at > facts.now]
    return min(ahead).isoformat() if ahead else None


def _spaces(state: PlaceState, count: int) -> str:
    if state is PlaceState.FAULTED:
        words = ngettext("%(count)s space is faulted", "%(count)s spaces are faulted", count)
    elif state is PlaceState.NOT_OBEYING:
        words = ngettext("%(count)s space is not obeying", "%(count)s spaces are not obeying", count)
    else:
        words = ngettext(
            "%(count)s space is unmanaged: the others get less",
            "%(count)s spaces are unmanaged: the others get less",
            count,
        )
    return words % {"count": count}


def _list(names: list[str]) -> str:
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
