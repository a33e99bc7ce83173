"""`simulate` and the live site charge the same evening alike: the balancer over real rows, and the engine over a scenario of them.

They differ by what a scenario does not know: a raise waits until the cut before it has settled, and a car is noticed as full by its meter.
So the energy of each car in each hour is compared, within a tenth of its wish.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db.models import F

from chargers.domain.limits import limits as charger_limits
from chargers.domain.orders import delivery
from chargers.enums import CommandKind, CommandState, ConnectorStatus, DrawSource, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from grid.models import Circuit
from scheduling.domain.balancing.problem import policy_of
from scheduling.domain.balancing.rebalance import share_power
from scheduling.domain.learning.past_days import midnight_of, past_days
from scheduling.domain.trials.aims import with_prices
from scheduling.enums import ClusterAim
from scheduling.models import AimSeason
from scheduling.solver.play.closed_loop import run_scenario
from scheduling.solver.play.live import TICK_S
from scheduling.solver.problem import Aim
from tests.e2e import site
from tests.factories.pricing import TariffFactory, TariffWindowFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
EVENING = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
CHEAP = EVENING + timedelta(hours=3)
HOURS = 7
TICK = timedelta(seconds=TICK_S)
SETTLED = timedelta(seconds=40)
# Each has room to wait for the cheap hours, which begin at 21:00.
CARS = {"A1": 9_000, "A4": 14_000, "B1": 6_000, "B5": 12_000}
VOLTS = 230


@pytest.fixture
def cluster():
    built = site.build()
    ChargePoint.objects.update(online_until=EVENING + timedelta(days=1))
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=EVENING, status=ConnectorStatus.AVAILABLE)
    Circuit.objects.update(base_load_max_l1_ma=0, base_load_max_l2_ma=0, base_load_max_l3_ma=0)
    cluster = built.cluster
    cluster.community.time_zone = "UTC"
    cluster.community.save()
    tariff = TariffFactory(community=cluster.community, base_price_per_mwh_minor=40_000)
    TariffWindowFactory(tariff=tariff, start_min=21 * 60, end_min=24 * 60, price_per_mwh_minor=20_000)
    AimSeason.objects.create(community=cluster.community, cluster=cluster, aim=ClusterAim.PRICE)
    return cluster


def arrive(cluster) -> None:
    for number, (identity, energy_wh) in enumerate(CARS.items(), start=1):
        connector = Connector.objects.get(charge_point__identity=identity)
        Connector.objects.filter(pk=connector.pk).update(status=ConnectorStatus.CHARGING)
        session = Session.objects.create(
            community_id=cluster.community_id,
            connector=connector,
            state=SessionState.ACTIVE,
            state_since=EVENING,
            plugged_at=EVENING,
            started_at=EVENING,
            transaction_id=number,
        )
        charger_limits.transaction_started(session, now=EVENING)
        SlotRequestFactory(
            cluster=cluster, session=session, energy_wh=energy_wh, promised_wh=0, created_at=EVENING,
            ready_by=EVENING + timedelta(hours=HOURS), connector=connector,
        )  # fmt: skip


def obey(now) -> None:
    """Every charger takes its limit."""
    rows = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED)
    for command in list(rows):
        ChargerCommand.objects.filter(pk=command.pk).update(state=CommandState.SENT)
        delivery.record_answer(command.pk, state=CommandState.ACCEPTED, now=now)


def charge(now, length, taken) -> None:
    """Cars draw what they may, until they have what they asked for; the meter says so."""
    for session in Session.objects.select_related("connector__charge_point"):
        connector = session.connector
        identity = connector.charge_point.identity
        phases = connector.wired_phases
        power_w = (connector.confirmed_ma or 0) * VOLTS * len(phases) // 1_000
        left_wh = CARS[identity] - session.energy_wh
        used_wh = min(left_wh, round(power_w * length.total_seconds() / 3600))
        taken[identity].append(used_wh)
        drawn_ma = connector.confirmed_ma if used_wh else 0
        currents = {f"current_l{at + 1}_ma": drawn_ma if at in phases else 0 for at in range(3)}
        Session.objects.filter(pk=session.pk).update(
            energy_wh=F("energy_wh") + used_wh, power_w=power_w if used_wh else 0, metered_at=now + length,
            drawn_at=now + length, draw_source=DrawSource.CURRENT,
            **currents,
        )  # fmt: skip


def live_evening(cluster):
    """Wh of each car in each tick."""
    arrive(cluster)
    taken = {identity: [] for identity in CARS}
    for tick in range(HOURS * 3600 // TICK_S):
        now = EVENING + tick * TICK
        for at in (now, now + SETTLED):
            share_power(cluster.pk, now=at)
            obey(at)
        charge(now, TICK, taken)
    return taken


def played_evening(cluster):
    """The same from the rows that the evening left, as `simulate` and the weekly trial play them."""
    Session.objects.update(
        state=SessionState.ENDED, stopped_at=EVENING + timedelta(hours=HOURS),
        unplugged_at=EVENING + timedelta(hours=HOURS),
    )  # fmt: skip
    day = date(2026, 3, 2)
    scenario = with_prices(past_days(cluster, first=day, last=day)[day], day, cluster)
    run = run_scenario(scenario, policy_of(cluster, aim=Aim.PRICE), tick_s=TICK_S)
    first = int((EVENING - midnight_of(day, cluster)).total_seconds()) // run.period_s
    names = {str(stay): identity for stay, identity in
             Session.objects.values_list("stay_id", "connector__charge_point__identity")}  # fmt: skip
    return {
        names[name]: [kw * 1000 * run.period_s / 3600 for kw in rates[first:]]
        for name, rates in run.rates_kw.items()
    }


def by_hour(values, per_hour):
    padded = list(values) + [0.0] * (HOURS * per_hour - len(values))
    return [sum(padded[at * per_hour : (at + 1) * per_hour]) for at in range(HOURS)]


def test_simulator_and_live_site_charge_the_same_evening_alike(cluster):
    live = live_evening(cluster)
    played = played_evening(cluster)
    for identity, wanted_wh in CARS.items():
        here, there = by_hour(live[identity], 3600 // TICK_S), by_hour(played[identity], 60)
        assert sum(here) == pytest.approx(wanted_wh, abs=100)
        assert sum(there) == pytest.approx(wanted_wh, abs=100)
        assert max(abs(one - other) for one, other in zip(here, there, strict=True)) <= 0.1 * wanted_wh
    # Both wait for the cheap hours.
    assert sum(sum(by_hour(each, 12)[:3]) for each in live.values()) < 0.1 * sum(CARS.values())
