"""The steps of setting a site up, for the command and the assistant alike: each finds what is there, adds what is missing, and
changes what differs. Nothing is taken away. Refusals are collected with their places.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext

from chargers.domain.access.rules import set_access_in_words
from chargers.domain.limits import commissioning, fallbacks
from chargers.domain.sockets.keys import issue_key
from chargers.domain.stations import assets
from chargers.models import ChargePoint
from drivers.domain.cards import give_card
from drivers.domain.people import Person, appoint_manager, enter_person, find_person
from drivers.models import User
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.amounts import amps
from evbalancer.setup.faults import Faults
from evbalancer.setup.plan import (
    LEAST,
    METERS,
    BuildingPlan,
    ChargerPlan,
    CircuitPlan,
    CommunityPlan,
    ConnectionPlan,
    FallbackPlan,
    ManagerPlan,
    PersonPlan,
    Place,
    TariffPlan,
)
from grid.domain.audit import Actor
from grid.domain.circuits import add_circuit, change_circuit
from grid.domain.communities import add_cluster, change_cluster, change_community, found_community
from grid.domain.topology import find_oversized, read_tree
from grid.enums import CircuitKind, MeterView
from grid.models import Circuit, Cluster, Community
from pricing.domain.templates import prices_of, set_tariff

# Columns in the words of the file and of the assistant.
CONNECTION_KEYS: Final = {
    **{f"limit_l{phase}_ma": "limit_a" for phase in (1, 2, 3)},
    **{f"base_load_max_l{phase}_ma": "building_max_a" for phase in (1, 2, 3)},
    "margin_ma": "margin_a",
    "parent": "below",
    "has_meter": "meter",
}
CHARGER_KEYS: Final = {
    "number": "connector",
    "max_current_ma": "max_current_a",
    "min_current_ma": "min_current_a",
    "chosen_fallback_ma": "fallback_a",
}
PERSON_KEYS: Final = {"unit": "space", "token": "card"}
MANAGER_KEYS: Final = {"username": "user_name"}


class Acting:
    """Who sets the site up and when, and what was wrong."""

    def __init__(self, actor: Actor, now: datetime, faults: Faults) -> None:
        self.actor, self.now, self.faults = actor, now, faults

    @property
    def by(self) -> dict[str, Any]:
        return {"actor": self.actor, "now": self.now}


def find_community(name: str) -> Community | None:
    found: Community | None = Community.objects.filter(name__iexact=name, retired_at=None).first()
    return found


def settle_community(plan: CommunityPlan, acting: Acting, known: Community | None = None) -> Community | None:
    """The community of this name, or `known`, as the plan has it. None if it was refused."""
    values = {
        "name": plan.name,
        "time_zone": plan.time_zone,
        "currency": plan.currency,
        "language": plan.language,
    }
    community = known or find_community(plan.name)
    with acting.faults.at(plan.place):
        if community is None:
            return found_community(Community(**values), **acting.by)
        return change_community(community, to=values, **acting.by)
    return None


def settle_connection(
    community: Community, plan: ConnectionPlan, acting: Acting, known: Cluster | None = None
) -> Cluster | None:
    """The cluster of this name, or `known`, and the root of its tree."""
    cluster = (
        known or Cluster.objects.filter(community=community, name__iexact=plan.name, retired_at=None).first()
    )
    values = {"name": plan.name, "voltage_v": plan.voltage_v, "margin_ma": plan.margin_ma}
    if not any(plan.limit_ma):
        acting.faults.note(plan.place, "limit_a", gettext("The connection has a limit above 0 A."))
        return None
    with acting.faults.at(plan.place, CONNECTION_KEYS):
        if cluster is None:
            cluster = add_cluster(Cluster(community=community, **values), **acting.by)
        else:
            cluster = change_cluster(cluster, to=values, **acting.by)
        root = Circuit.objects.filter(cluster=cluster, parent=None, retired_at=None).first()
        columns = {**_limits(plan.limit_ma), **_building(plan.building)}
        if root is None:
            root = Circuit(
                community=community, cluster=cluster, name=gettext("Grid connection"),
                kind=CircuitKind.TRANSFORMER, **columns,
            )  # fmt: skip
            add_circuit(root, **acting.by)
        else:
            change_circuit(root, to=columns, **acting.by)
        return cluster
    return None


def settle_circuits(cluster: Cluster, plans: Sequence[CircuitPlan], acting: Acting) -> set[str]:
    """Panels and feeders, those above before those below whatever their order in the list. Returns the names of refused ones, folded."""
    known = _circuits(cluster)
    root = next(circuit for circuit in known.values() if circuit.parent_id is None)
    waiting = [plan for plan in plans if not _is_twice(plan, plans, acting)]
    while waiting:
        ready = [plan for plan in waiting if not plan.below or plan.below.casefold() in known]
        for plan in ready or waiting:
            above = known.get(plan.below.casefold(), root) if plan.below else root
            if not ready:
                said = gettext("There is no circuit %(name)s above it, or the two would hang on each other.")
                acting.faults.note(plan.place, "below", said % {"name": plan.below})
            else:
                circuit = _settle_circuit(cluster, above, plan, acting)
                if circuit is not None:
                    known[plan.name.casefold()] = circuit
        waiting = [plan for plan in waiting if plan not in ready] if ready else []
    _question_sizes(cluster, plans, acting)
    return {plan.name.casefold() for plan in plans} - known.keys()


def _is_twice(plan: CircuitPlan, plans: Sequence[CircuitPlan], acting: Acting) -> bool:
    first = next(each for each in plans if each.name.casefold() == plan.name.casefold())
    if first is plan:
        return False
    acting.faults.note(plan.place, "name", gettext("%(name)s is there twice.") % {"name": plan.name})
    return True


def _settle_circuit(cluster: Cluster, above: Circuit, plan: CircuitPlan, acting: Acting) -> Circuit | None:
    columns = {
        "parent_id": above.pk,
        "kind": plan.kind,
        **_limits(plan.limit_ma),
        **_building(plan.building),
    }
    found = Circuit.objects.filter(cluster=cluster, name__iexact=plan.name, retired_at=None).first()
    with acting.faults.at(plan.place, CONNECTION_KEYS):
        if found is not None:
            return change_circuit(found, to=columns, **acting.by)
        position = Circuit.objects.filter(cluster=cluster).count()
        row = Circuit(
            community_id=cluster.community_id, cluster=cluster, name=plan.name, position=position, **columns
        )
        return add_circuit(row, **acting.by)
    return None


def _question_sizes(cluster: Cluster, plans: Iterable[CircuitPlan], acting: Acting) -> None:
    """Only of circuits that are in the list: what stands already was somebody's decision."""
    asked = {plan.name.casefold(): plan for plan in plans if not plan.exceeds_above}
    for circuit, above in find_oversized(read_tree(cluster)):
        plan = asked.get(circuit.name.casefold())
        if plan is not None:
            said = gettext(
                "%(name)s allows %(own)s below %(above)s with %(most)s. Is that right? Then say so (exceeds_above): the smaller limit counts."
            )
            facts = {
                "name": circuit.name,
                "own": amps(max(circuit.limit_ma)),
                "above": above.name,
                "most": amps(max(above.limit_ma)),
            }
            acting.faults.note(plan.place, "limit_a", said % facts)


def settle_chargers(cluster: Cluster, plans: Sequence[ChargerPlan], acting: Acting) -> None:
    """Charge points with their connectors, judged together at the end: whether all fallbacks fit."""
    circuits = _circuits(cluster)
    root = next(circuit for circuit in circuits.values() if circuit.parent_id is None)
    judge = assets.Judge()
    judge.lock(cluster)
    seen: set[tuple[str, int]] = set()
    before = len(acting.faults.found)
    for plan in plans:
        if (plan.identity, plan.connector) in seen:
            said = gettext("Connector %(number)s of %(identity)s is there twice.")
            acting.faults.note(
                plan.place, "connector", said % {"number": plan.connector, "identity": plan.identity}
            )
            continue
        seen.add((plan.identity, plan.connector))
        circuit = circuits.get(plan.circuit.casefold()) if plan.circuit else root
        if circuit is None:
            said = gettext("%(cluster)s has no circuit %(name)s.")
            acting.faults.note(plan.place, "circuit", said % {"cluster": cluster.name, "name": plan.circuit})
            continue
        with acting.faults.at(plan.place, CHARGER_KEYS):
            _settle_charger(cluster, circuit, plan, acting)
    if len(acting.faults.found) == before:
        with acting.faults.at(plans[0].place if len(plans) == 1 else Place()):
            judge.check()
            wake_balancer(cluster.pk)


def _settle_charger(cluster: Cluster, circuit: Circuit, plan: ChargerPlan, acting: Acting) -> None:
    charge_point = assets.charge_point(cluster, identity=plan.identity, name=plan.name, **acting.by)
    wiring = assets.Wiring(
        number=plan.connector,
        circuit=circuit,
        phase_rotation=plan.phase_rotation,
        max_current_ma=plan.max_current_ma,
        min_current_ma=plan.min_current_ma,
        chosen_fallback_ma=plan.fallback_ma,
    )
    assets.put_connector(charge_point, wiring, reason=gettext("Set up from a list"), **acting.by)


def settle_access(cluster: Cluster, plans: Sequence[ChargerPlan], acting: Acting) -> None:
    """Who may charge where, after the flats that rules name are there. What no plan speaks of stays as it is."""
    rows = commissioning.in_use(cluster).select_related("charge_point", "community")
    found = {(row.charge_point.identity, row.number): row for row in rows}
    for plan in plans:
        connector = found.get((plan.identity, plan.connector))
        if plan.access is not None and connector is not None:
            with acting.faults.at(plan.place):
                set_access_in_words(connector, plan.access, **acting.by)


@transaction.atomic
def issue_keys(cluster: Cluster, acting: Acting) -> list[tuple[ChargePoint, str]]:
    """Keys of the charge points that have none, each seen only now."""
    without = ChargePoint.objects.filter(cluster=cluster, retired_at=None, key_hash="")
    rows = without.select_for_update(of=("self",), no_key=True).order_by("name", "identity")
    return [(row, issue_key(row, **acting.by)) for row in rows]


def settle_fallbacks(
    cluster: Cluster, plan: FallbackPlan, acting: Acting, chargers: Iterable[ChargerPlan] = ()
) -> None:
    """Of all connectors but those whose plan names one."""
    named = {(each.identity, each.connector) for each in chargers if each.fallback_ma is not None}
    rows = commissioning.in_use(cluster).select_related("charge_point")
    to_ma = {
        row.pk: row.min_current_ma if plan.all == LEAST else int(plan.all)
        for row in rows
        if (row.charge_point.identity, row.number) not in named
    }
    with acting.faults.at(plan.place, {"fallback_ma": "all_a"}):
        fallbacks.choose_fallbacks(cluster, to_ma=to_ma, **acting.by)


def settle_tariff(community: Community, plan: TariffPlan, acting: Acting) -> None:
    with acting.faults.at(plan.place):
        prices = prices_of(plan.template, price=plan.price, night_price=plan.night_price)
        set_tariff(community, name=plan.name, prices=prices, by=acting.actor, now=acting.now)


def settle_people(community: Community, plans: Sequence[PersonPlan], acting: Acting) -> int:
    """Drivers with their flats and cards. Returns how many are new."""
    new = 0
    for plan in plans:
        person = Person(plan.name, plan.email, plan.space, plan.flat)
        with acting.faults.at(plan.place, PERSON_KEYS):
            new += find_person(community, person) is None
            driver = enter_person(community, person, **acting.by)
            if plan.card:
                give_card(driver, plan.card, **acting.by)
    return new


def settle_manager(community: Community, plan: ManagerPlan, acting: Acting) -> tuple[User, str] | None:
    """The manager and the first password of a new account."""
    with acting.faults.at(plan.place, MANAGER_KEYS):
        return appoint_manager(
            community, username=plan.user_name, name=plan.name, email=plan.email, **acting.by
        )
    return None


def _circuits(cluster: Cluster) -> dict[str, Circuit]:
    return {circuit.name.casefold(): circuit for circuit in read_tree(cluster).circuits.values()}


def _limits(limit_ma: tuple[int, int, int]) -> Mapping[str, int]:
    return {f"limit_l{phase}_ma": each for phase, each in enumerate(limit_ma, start=1)}


def _building(plan: BuildingPlan) -> Mapping[str, Any]:
    highest = {f"base_load_max_l{phase}_ma": each for phase, each in enumerate(plan.highest_ma, start=1)}
    if plan.meter is None:
        return highest
    sees = METERS[plan.meter]
    return {"has_meter": sees is not None, "meter_sees": sees or MeterView.BUILDING, **highest}
