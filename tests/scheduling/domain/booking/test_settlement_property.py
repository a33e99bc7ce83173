"""Whatever is asked, cancelled, charged and however time passes: the ledger's sums are those of the sessions, and stay."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from chargers.enums import SessionState
from evbalancer.common.errors import DomainError
from grid.models.audit import AppendOnlyError
from scheduling.domain.booking import no_shows, requests, settlement
from scheduling.domain.booking.promises import SlotWish
from scheduling.domain.learning import fairness
from scheduling.domain.views import analytics
from scheduling.models import FairnessEntry, SlotRequest
from scheduling.rules.guard import USUAL_WISH_WH
from tests.examples import examples
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
COLUMNS = ("pk", "driver_id", "session_id", "at", "wanted_wh", "promised_wh", "received_wh", "waited_s")

WHO = st.integers(0, 1)
ASK = st.tuples(st.just("ask"), WHO, st.integers(1, 60), st.integers(1, 20))  # kWh, within so many half hours
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 20))
PLUG = st.tuples(st.just("plug"), WHO, st.integers(0, 2))  # at this connector
STOP = st.tuples(st.just("stop"), st.integers(0, 2), st.integers(0, 40_000))  # with so many Wh
WAIT = st.tuples(st.just("wait"), st.integers(1, 6))


class House:
    """Two drivers at three connectors, and what each of them was given as the test itself counts it."""

    def __init__(self):
        circuit = CircuitFactory(limit_l1_ma=24_000, limit_l2_ma=24_000, limit_l3_ma=24_000)
        self.cluster, self.now = circuit.cluster, NOW
        self.connectors = [ConnectorFactory(circuit=circuit) for _ in range(3)]
        self.drivers = [DriverFactory(community=circuit.community) for _ in range(2)]
        self.made, self.running = [], {}
        self.received_wh, self.wanted_wh, self.promised_wh = Counter(), Counter(), Counter()

    def ask(self, who, kwh, lasts):
        ready_by = self.now + timedelta(minutes=30 * lasts)
        wish = SlotWish(energy_wh=kwh * 1000, not_before=self.now, ready_by=ready_by, flexible=True)
        self.made.append(requests.request_slot(self.drivers[who], self.cluster, wish, now=self.now))

    def cancel(self, which):
        if self.made:
            slot = SlotRequest.objects.get(pk=self.made[which % len(self.made)].pk)
            requests.cancel_slot(slot, now=self.now)

    def plug(self, who, place):
        if place in self.running:
            return
        session = SessionFactory(
            connector=self.connectors[place], driver=self.drivers[who], state=SessionState.ACTIVE,
            plugged_at=self.now, started_at=self.now,
        )  # fmt: skip
        self.running[place] = (session, requests.consume_for(session, now=self.now))

    def stop(self, place, energy_wh):
        if place not in self.running:
            return
        session, slot = self.running.pop(place)
        session.state, session.energy_wh, session.stopped_at = SessionState.ENDED, energy_wh, self.now
        session.save()
        driver = session.driver_id
        self.received_wh[driver] += energy_wh
        self.wanted_wh[driver] += slot.energy_wh if slot else max(energy_wh, USUAL_WISH_WH)
        self.promised_wh[driver] += SlotRequest.objects.get(pk=slot.pk).promised_wh if slot else 0
        for _ in range(2):  # a stop that is told twice is one line
            fairness.record_session(session, now=self.now)
        settlement.settle_stay(session, now=self.now)

    def wait(self, half_hours):
        self.now += timedelta(minutes=30 * half_hours)
        no_shows.lapse_no_shows(now=self.now)

    def lines(self):
        return list(
            FairnessEntry.objects.filter(cluster=self.cluster).order_by("at", "pk").values_list(*COLUMNS)
        )

    def sums(self):
        report = analytics.report_fairness(self.cluster, start=NOW, end=self.now + timedelta(seconds=1))
        rows = report.lines
        return [
            {row.driver_id: getattr(row, name) for row in rows if getattr(row, name)}
            for name in ("received_wh", "wanted_wh", "promised_wh")
        ]


@examples(15, suppress=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(ASK, CANCEL, PLUG, PLUG, STOP, STOP, WAIT), min_size=6, max_size=20))
def test_ledger_sums_up_to_what_the_sessions_wanted_were_promised_and_received(steps):
    house, before = House(), []
    for name, *details in steps:
        try:
            getattr(house, name)(*details)
        except DomainError:
            continue
        after = house.lines()
        assert [line for line in after if line in before] == before
        assert len(after) - len(before) in ((0, 1) if name == "stop" else (0,))
        before = after
        told = (house.received_wh, house.wanted_wh, house.promised_wh)
        assert house.sums() == [{driver: wh for driver, wh in sum_.items() if wh} for sum_ in told]
    for entry in FairnessEntry.objects.filter(cluster=house.cluster):
        entry.received_wh += 1
        with pytest.raises(AppendOnlyError):
            entry.save()
    assert house.lines() == before
    SlotRequest.objects.all().delete()
