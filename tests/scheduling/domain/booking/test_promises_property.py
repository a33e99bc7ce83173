"""Whatever is asked, cancelled and however time passes: what was promised can be delivered, by an independent judge."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from evbalancer.common.errors import DomainError
from scheduling.domain.booking import no_shows, requests
from scheduling.domain.booking.capacity import PERIOD_S, Ledger
from scheduling.domain.booking.promises import RESERVING, SlotWish
from scheduling.domain.learning import windows
from scheduling.models import SlotRequest
from tests.examples import examples
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory

optimize = pytest.importorskip("scipy.optimize", reason="The judge is a linear programme of scipy's")
pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)

ASK = st.tuples(
    st.just("ask"),
    st.integers(1, 60),  # kWh
    st.integers(0, 10),  # begins in so many half hours
    st.integers(1, 20),  # lasts so many half hours
    st.sampled_from([None, 0, 1, 2]),  # a connector of one's own
    st.booleans(),  # flexible
)
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 20))
WAIT = st.tuples(st.just("wait"), st.integers(1, 6))


def deliverable(cluster, now):
    """Whether currents exist that deliver every promise within every limit (6 A or nothing left aside)."""
    slots = list(SlotRequest.objects.filter(cluster=cluster, state__in=RESERVING, ready_by__gt=now))
    if not slots:
        return True
    # The judge counts from the first moment that any promise was made for.
    ledger = Ledger.of_cluster(cluster, now=NOW, until=max(slot.ready_by for slot in slots))
    periods, count = ledger.periods, len(slots)
    energy, rooms, bounds = [], {}, []
    for index, slot in enumerate(slots):
        connector = slot.planned_connector
        volts = cluster.voltage_v * windows.power_phases(connector, None) / 1000
        wh_per_ma = []
        for period in range(periods):
            begin, end = period * PERIOD_S, (period + 1) * PERIOD_S
            within = min(end, ledger.second(slot.ready_by)) - max(begin, ledger.second(slot.not_before))
            bounds.append((0, connector.max_current_ma * max(0.0, within) / PERIOD_S))
            wh_per_ma.append(volts * PERIOD_S / 3600)
            for row in ledger._path[connector.circuit_id]:
                for phase in windows.phases_of_car(connector, None):
                    rooms.setdefault((row, phase, period), []).append(index * periods + period)
        energy.append((index, wh_per_ma, slot.promised_wh))
    limits, room = [], []
    for (row, phase, period), cars in rooms.items():
        line = [0.0] * (count * periods)
        for car in cars:
            line[car] = 1.0
        limits.append(line)
        room.append(ledger.room[row, phase, period])
    for index, wh_per_ma, promised_wh in energy:
        line = [0.0] * (count * periods)
        line[index * periods : (index + 1) * periods] = [-wh for wh in wh_per_ma]
        limits.append(line)
        room.append(-(promised_wh - 5))
    return optimize.linprog([0.0] * (count * periods), A_ub=limits, b_ub=room, bounds=bounds).success


@examples(15, suppress=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(ASK, ASK, CANCEL, WAIT), min_size=2, max_size=12))
def test_promises_can_always_be_kept(steps):
    root = CircuitFactory(limit_l1_ma=24_000, limit_l2_ma=20_000, limit_l3_ma=24_000)
    panel = CircuitFactory(
        cluster=root.cluster, parent=root, limit_l1_ma=16_000, limit_l2_ma=16_000, limit_l3_ma=16_000
    )
    connectors = [
        ConnectorFactory(circuit=root),
        ConnectorFactory(circuit=panel),
        ConnectorFactory(circuit=panel, phase_rotation="S", max_current_ma=32_000),
    ]
    driver, now, made = DriverFactory(community=root.community), NOW, []
    for name, *details in steps:
        if name == "wait":
            now += timedelta(minutes=30 * details[0])
            no_shows.lapse_no_shows(now=now)
            continue
        try:
            if name == "cancel":
                requests.cancel_slot(SlotRequest.objects.get(pk=made[details[0] % len(made)].pk), now=now)
                continue
            kwh, begins, lasts, place, flexible = details
            start = now + timedelta(minutes=30 * begins)
            wish = SlotWish(
                energy_wh=kwh * 1000,
                not_before=start,
                ready_by=start + timedelta(minutes=30 * lasts),
                connector=None if place is None else connectors[place],
                flexible=flexible,
            )
            made.append(requests.request_slot(driver, root.cluster, wish, now=now))
        except (DomainError, ZeroDivisionError):
            continue
        assert 0 <= made[-1].promised_wh <= made[-1].energy_wh
        assert deliverable(root.cluster, now)
    SlotRequest.objects.all().delete()
