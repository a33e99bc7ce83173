"""From rows to the solver's words: which connectors have a demand now, and what each may and wants to take."""

from uuid import UUID

from chargers.domain.limits import external
from chargers.domain.makes import ways
from chargers.domain.makes.makes import known_make
from chargers.domain.sessions import needs
from grid.models import Cluster
from scheduling import solver
from scheduling.domain.balancing.situation import ExposedPlace, Situation
from scheduling.domain.balancing.taking import is_asleep
from scheduling.rules.guard import NEW, Claim, Word, claim_of
from scheduling.solver.play.live import live_policy
from scheduling.solver.problem import LONG_AGO_S, Aim

NORMAL, LOW = 2, 1
# The plan is made in quarters of an hour.
PERIOD_S = 900


def has_demand(situation: Situation, place: ExposedPlace) -> bool:
    """A car that is to be given a limit of its own; one whose card was refused has the fallback alone."""
    return place.running and situation.controllable(place) and not is_refused(place)


def is_refused(place: ExposedPlace) -> bool:
    return place.session is not None and place.session.is_refused


def problem_of(situation: Situation) -> solver.Problem:
    """The cluster now. A load that can't be steered is a reservation of the most that it could draw."""
    tree = situation.tree
    demands, reservations = [], []
    for place in situation.places:
        if place.connector.circuit_id not in tree.circuits:
            continue
        if has_demand(situation, place):
            demands.append(_demand(situation, place))
        elif place.reserved_ma:
            reservations.append(solver.Reservation(str(place.connector.circuit_id), load_ma=place.load_ma))
    return solver.Problem(
        circuits=tuple(_circuit(situation, pk) for pk in tree.circuits),
        demands=tuple(demands),
        reservations=tuple(reservations),
        policy=policy_of(situation.cluster, aim=situation.aimed.aim),
        expected=situation.expected if demands else (),
        period_s=PERIOD_S,
        price=situation.aimed.price,
        carbon=situation.aimed.carbon,
        peak_w=situation.aimed.peak_w,
    )


def policy_of(cluster: Cluster, *, aim: Aim = Aim.NONE) -> solver.Policy:
    """The policy in use, with the community's choices. `aim`: of this month, or one to try."""
    return live_policy(
        rule=solver.ShortageRule(cluster.policy),
        aim=aim,
        rotate_s=cluster.rotation_s,
        everybody_first=cluster.everybody_first,
    )


def _circuit(situation: Situation, pk: UUID) -> solver.Circuit:
    circuit = situation.tree.circuits[pk]
    return solver.Circuit(
        id=str(pk),
        parent_id=str(circuit.parent_id) if circuit.parent_id else None,
        limit_ma=situation.near_ma[pk],
        base_load_ma=situation.base_ma[pk],
        margin_ma=situation.cluster.margin_ma,
    )


def _demand(situation: Situation, place: ExposedPlace) -> solver.Demand:
    connector, session, now = place.connector, place.session, situation.now
    assert session is not None  # noqa: S101 (has_demand says so; for the type checker)
    held_ma = confirmed_limit_ma(place)
    allotment, claim = place.history, claim_at(place, situation)
    useful_ma, min_ma = _useful_ma(place, situation), least_ma(place, situation)
    # Below what it needs to stay awake a car starves; it does not decline.
    starves = connector.min_current_ma <= held_ma < min_ma or (
        held_ma == 0 and min_ma > connector.min_current_ma
    )
    asleep = _asleep(place, situation) and not starves
    emergency_ma = place.emergency.minimum_ma if place.emergency else 0
    return solver.Demand(
        id=str(connector.pk),
        circuit_id=str(connector.circuit_id),
        phases=place.phases,
        min_ma=min_ma,
        max_ma=_offered_ma(place, situation, useful_ma, min_ma) if asleep else max(useful_ma, min_ma),
        step_ma=connector.step_ma,
        volts=float(situation.cluster.voltage_v),
        energy_wh=claim.energy_wh,
        remaining_wh=claim.remaining_wh,
        promised_wh=0 if asleep else _promised_wh(place, situation),
        depart_s=claim.depart_s,
        # With all that counts it may go on while there is room, after everybody who still misses something.
        priority=LOW if asleep or claim.is_served else NORMAL,
        weight=situation.weights.get(session.driver_id, 1.0) if session.driver_id else 1.0,
        emergency_min_ma=min(emergency_ma, connector.max_current_ma),
        current_ma=in_force_ma(place),
        # Dwell is for cars that were running: one that was never started need not wait to be.
        since_s=int((now - allotment.since).total_seconds())
        if allotment and allotment.starts
        else LONG_AGO_S,
        starts=allotment.starts if allotment else 0,
        connected_s=max(0, int((now - session.stay_since).total_seconds())),
        keeps_minimum=_ends_at_zero(place),
    )


def _ends_at_zero(place: ExposedPlace) -> bool:
    return known_make(place.connector.charge_point).keeps_transaction_at_zero is False


def confirmed_limit_ma(place: ExposedPlace) -> int:
    """The limit in force at the charger, as far as it has confirmed one."""
    return place.exposure.in_force_ma(place.seen_s)


def in_force_ma(place: ExposedPlace) -> int:
    """The newest limit on its way, else the one that the charger holds."""
    return place.asked_ma if place.asked_ma is not None else confirmed_limit_ma(place)


def _asleep(place: ExposedPlace, situation: Situation) -> bool:
    """The car itself declines for a while: it keeps 6 A where there is room, to be heard when it wakes."""
    connector, session = place.connector, place.session
    if session is not None and session.pk in situation.full:
        # A car that says it is full and still draws is not believed.
        return max(session.current_ma) <= connector.min_current_ma
    return is_asleep(place, now=situation.now)


def least_ma(place: ExposedPlace, situation: Situation) -> int:
    """The least that is worth giving: the connector's minimum, or what this car needs to begin, or was learnt to need to stay awake."""
    connector, step = place.connector, place.connector.step_ma
    learnt_ma = situation.takings[connector.pk].least_ma
    if place.session is not None:
        started_ma = ways.least_start_ma(connector, place.session)
        learnt_ma = max(learnt_ma, started_ma, needs.told_least_ma(place.session))
    needed_ma = max(connector.min_current_ma, -(-learnt_ma // step) * step)
    # Where it may never have as much, its minimum is still the best that can be tried.
    return needed_ma if needed_ma <= _useful_ma(place, situation) else connector.min_current_ma


def _offered_ma(place: ExposedPlace, situation: Situation, useful_ma: int, min_ma: int) -> int:
    """To a sleeping car: its minimum, to be heard when it wakes, and now and then more, which may wake it."""
    session = place.session
    if session is not None and session.pk in situation.full:
        return min_ma
    offer_ma = situation.takings[place.connector.pk].offer_ma(place, now=situation.now)
    return max(min_ma, min(offer_ma, useful_ma))


def _max_ma(place: ExposedPlace, situation: Situation) -> int:
    """Nameplate, or near what the car was learnt to use."""
    connector, most_ma = place.connector, situation.takings[place.connector.pk].most_ma
    if place.session is not None:
        volts = situation.cluster.voltage_v
        told_ma = needs.told_most_ma(place.session, phases=len(place.phases), volts=volts)
        most_ma = min((each for each in (most_ma, told_ma) if each is not None), default=None)
    if place.exposure.lapses is False:
        # A limit without an end stays reserved for ever, so nothing above the fallback is granted.
        return min(connector.max_current_ma, max(connector.fallback_ma or 0, connector.min_current_ma))
    return connector.max_current_ma if most_ma is None else min(most_ma, connector.max_current_ma)


def _useful_ma(place: ExposedPlace, situation: Situation) -> int:
    """The same within what others allow it: its charger obeys them too, so more would only be missed elsewhere."""
    connector = place.connector
    most_ma = _max_ma(place, situation)
    bound_ma = external.bound_ma(
        connector, phases=len(place.phases), volts=situation.cluster.voltage_v, now=situation.now
    )
    if bound_ma is None or bound_ma >= most_ma:
        return most_ma
    # Below its minimum it takes nothing; it keeps that minimum, to charge as soon as it may.
    return max(connector.min_current_ma, bound_ma // connector.step_ma * connector.step_ma)


def claim_at(place: ExposedPlace, situation: Situation) -> Claim:
    """The wish that the driver's word, or silence, counts as now; see scheduling.rules.guard. `place` has a session."""
    session, slot = place.session, place.slot
    assert session is not None  # noqa: S101 (for the type checker)
    learnt = situation.learnt.get(session.driver_id, NEW) if session.driver_id else NEW
    word = Word()
    if slot is not None:
        word = Word(slot.energy_wh, (slot.ready_by - situation.now).total_seconds(), slot.promised_wh)
    elif (leaves_at := needs.departs_at(session)) is not None:
        word = Word(ready_in_s=(leaves_at - situation.now).total_seconds())
    return claim_of(
        word,
        learnt,
        received_wh=session.stay_energy_wh,
        stayed_s=(situation.now - session.stay_since).total_seconds(),
        room_wh=situation.room_wh.get(session.pk),
        before_wh=learnt.before(
            session.stay_since.timestamp(), str(session.vehicle_id) if session.vehicle_id else None
        ),
    )


def _promised_wh(place: ExposedPlace, situation: Situation) -> int:
    """The missing part of the promise, while there is time to keep it."""
    slot, session = place.slot, place.session
    if slot is None or session is None or slot.ready_by <= situation.now:
        return 0
    return max(0, slot.promised_wh - session.stay_energy_wh)
