"""What a transaction's registers are worth: never above what its charger can give, never refused where it can have given it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargers.domain.metering import energies, samples
from chargers.enums import EnergyDoubt
from chargers.models import Connector, MeterMean, Session
from chargers.ocpp.v16 import V16
from tests.chargers.ocpp.station import Desked, Station, moment, reading
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

# 32 A on three phases.
NAMEPLATE_W = 23_040
BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def connector() -> Connector:
    connector = ConnectorFactory(max_current_ma=32_000)
    IdTagFactory(driver=DriverFactory(community=connector.community), token="VALID")
    return connector


class Typed:
    """A 1.6 charge point whose clock is `ahead` of ours."""

    def __init__(self, connector: Connector, *, ahead: timedelta = timedelta(0)) -> None:
        self.desk, self.ahead = Desked(connector, V16), ahead

    def start(self, at: datetime, *, told_at: datetime | None = None, **more) -> int:
        payload = {"connectorId": 1, "idTag": "VALID", "timestamp": moment(at + self.ahead), **more}
        return self._take("StartTransaction", payload, told_at or at)["transactionId"]

    def meter(self, transaction_id: int, at: datetime, wh: float, **more) -> None:
        values = [{"timestamp": moment(at + self.ahead), "sampledValue": [{"value": str(wh), **more}]}]
        payload = {"connectorId": 1, "transactionId": transaction_id, "meterValue": values}
        self._take("MeterValues", payload, at)

    def stop(
        self, transaction_id: int, at: datetime, wh: int, *, told_at: datetime | None = None, **more
    ) -> None:
        stamp = moment(at + self.ahead)
        payload = {"transactionId": transaction_id, "meterStop": wh, "timestamp": stamp, **more}
        self._take("StopTransaction", payload, told_at or at)

    def status(self, at: datetime) -> None:
        stamp = moment(at + self.ahead)
        payload = {"connectorId": 1, "status": "Available", "errorCode": "NoError", "timestamp": stamp}
        self._take("StatusNotification", payload, at)

    def _take(self, action, payload, at):
        # As a link takes it: a start without its register is put right before.
        handler = V16.handlers[action]
        return handler.answer(self.desk.desk.take([handler.read(payload, self.desk.source, at)])[0], at)


def after(**span: float) -> datetime:
    return BEGAN + timedelta(**span)


def billed() -> tuple[int, str]:
    session = Session.objects.get()
    return session.energy_wh, session.energy_doubt


# The bound


@given(
    power_w=st.integers(1_000, 400_000),
    seconds=st.floats(0, 90_000),
    share=st.floats(0, 1),
    start_wh=st.integers(0, 10**8),
    unit=st.sampled_from([1, 10, 100, 1_000]),
)
def test_what_a_charger_can_have_given_is_never_refused(power_w, seconds, share, start_wh, unit):
    flowed_wh = power_w * share * seconds / 3600
    # Both registers are cut to the meter's own unit.
    first, last = start_wh // unit * unit, int((start_wh + flowed_wh) // unit * unit)
    assert last - first <= samples.most_possible_wh(seconds, max_power_w=power_w, registers_wh=(first, last))


@pytest.mark.parametrize(
    ("risen_wh", "doubt"),
    [(2**31 - 1_001, EnergyDoubt.SET_ASIDE), (16_001, EnergyDoubt.SET_ASIDE), (9_000, ""), (20, "")],
)
def test_a_second_after_the_start_there_is_room_for_half_an_hour_and_not_for_more(connector, risen_wh, doubt):
    typed = Typed(connector)
    typed.stop(typed.start(BEGAN, meterStart=1_000), after(seconds=1), 1_000 + risen_wh)
    assert billed() == (0 if doubt else risen_wh, doubt)


def test_whole_kilowatt_hours_may_turn_in_the_first_second():
    connector = ConnectorFactory(max_current_ma=6_000)
    IdTagFactory(driver=DriverFactory(community=connector.community), token="VALID")
    typed = Typed(connector)
    typed.stop(typed.start(BEGAN, meterStart=1_000), after(seconds=1), 2_000)
    assert billed() == (1_000, "")


@pytest.mark.parametrize("ahead_s", [0, 119, -119, 3_600, -86_400])
def test_start_that_is_told_an_hour_late_counts_from_its_own_time(connector, ahead_s):
    typed = Typed(connector, ahead=timedelta(seconds=ahead_s))
    typed.status(after(minutes=-30))
    started = typed.start(BEGAN, told_at=after(hours=1), meterStart=1_000)
    typed.stop(started, after(hours=1), 23_000, told_at=after(hours=1, seconds=2))
    assert billed() == (22_000, "")


def test_start_whose_time_nobody_knows_may_have_been_told_half_an_hour_late(connector):
    typed = Typed(connector)
    started = typed.start(datetime(1970, 1, 1, tzinfo=UTC), told_at=BEGAN, meterStart=1_000)
    typed.stop(started, after(minutes=1), 11_000)
    assert billed() == (10_000, "")


def test_clock_that_was_set_meanwhile_gives_no_room_of_decades(connector):
    typed = Typed(connector)
    started = typed.start(datetime(1970, 1, 1, tzinfo=UTC), told_at=BEGAN, meterStart=1_000)
    typed.meter(started, after(minutes=1), 500_000)
    typed.stop(started, after(minutes=1), 500_000)
    assert billed() == (0, EnergyDoubt.SET_ASIDE)


@pytest.mark.parametrize("days", [1, 5, 20])
def test_end_that_is_still_to_come_gives_no_room(connector, days):
    typed = Typed(connector)
    started = typed.start(BEGAN, meterStart=1_000)
    typed.ahead = timedelta(days=days)
    typed.meter(started, after(hours=1), 301_000)
    typed.stop(started, after(hours=1), 301_000)
    assert billed() == (0, EnergyDoubt.SET_ASIDE)


def test_small_steps_are_bounded_by_the_whole_time_also_late_in_it(connector):
    typed = Typed(connector)
    started = typed.start(BEGAN, meterStart=0)
    for step in range(40):
        typed.meter(started, after(hours=1, seconds=10 * step), 7_001 * (step + 1))
    most_wh = samples.most_possible_wh(4_000, max_power_w=NAMEPLATE_W)
    assert 21_000 < billed()[0] <= most_wh


# A start without its register


@pytest.mark.parametrize("context", [{}, {"context": "Transaction.Begin"}])
def test_energy_counts_from_the_first_register_that_is_seen(connector, context):
    typed = Typed(connector)
    started = typed.start(BEGAN)
    typed.meter(started, after(minutes=1), 500_000, **context)
    typed.meter(started, after(minutes=30), 508_000)
    typed.stop(started, after(minutes=31), 508_100)
    assert billed() == (8_100, "")
    assert Session.objects.get().meter_start_wh == 500_000


def test_repeated_start_without_a_register_is_the_same_after_one_was_seen(connector):
    typed = Typed(connector)
    started = typed.start(BEGAN)
    typed.meter(started, after(minutes=1), 500_000)
    assert typed.start(BEGAN, told_at=after(minutes=2)) == started


def test_energy_counts_from_the_first_register_of_the_end(connector):
    typed = Typed(connector)
    data = [
        {"timestamp": moment(after(minutes=at)), "sampledValue": [{"value": wh, "context": context}]}
        for at, wh, context in ((0, "500000", "Transaction.Begin"), (60, "509000", "Transaction.End"))
    ]
    typed.stop(typed.start(BEGAN), after(hours=1), 509_000, transactionData=data)
    assert billed() == (9_000, "")


def test_register_of_the_end_alone_leaves_the_energy_unknown(connector):
    typed = Typed(connector)
    typed.stop(typed.start(BEGAN), after(hours=1), 9_000)
    assert billed() == (0, EnergyDoubt.NO_REGISTER)
    assert Session.objects.get().meter_stop_wh == 9_000


def test_first_register_of_a_201_transaction_that_told_none_is_learnt_from_values_beside_it(connector):
    station = Station(Desked(connector))
    station.event(
        "Started", 0, state="Charging", token="VALID", at=moment(datetime.now(UTC) - timedelta(hours=1))
    )
    station.call("MeterValues", {"evseId": 1, "meterValue": [reading(500_000)]})
    station.event("Ended", 1, wh=503_000)
    assert billed() == (3_000, "")


# The end


def test_judge_says_why_a_register_is_doubted(connector):
    typed = Typed(connector)
    typed.stop(typed.start(BEGAN, meterStart=5_000), after(hours=1), 4_000)
    assert billed() == (0, EnergyDoubt.WENT_BACK)


@pytest.mark.parametrize("stop_wh", [0, 5_000])
def test_end_that_repeats_the_start_leaves_what_was_metered(connector, stop_wh):
    typed = Typed(connector)
    started = typed.start(BEGAN, meterStart=stop_wh)
    typed.meter(started, after(minutes=30), stop_wh + 3_000)
    typed.stop(started, after(hours=1), stop_wh)
    assert billed() == (3_000, EnergyDoubt.WENT_BACK)


def test_end_that_repeats_the_start_is_put_right_by_its_own_data(connector):
    typed = Typed(connector)
    started = typed.start(BEGAN, meterStart=5_000)
    typed.meter(started, after(minutes=30), 8_000)
    values = [{"value": "9000", "context": "Transaction.End"}]
    data = [{"timestamp": moment(after(hours=1)), "sampledValue": values}]
    typed.stop(started, after(hours=1), 5_000, transactionData=data)
    assert billed() == (4_000, "")


def test_session_without_any_register_is_known_as_such(connector):
    typed = Typed(connector)
    typed.start(BEGAN, meterStart=5_000)
    assert energies.is_without_register(Session.objects.get())


def test_session_of_long_ago_is_judged_by_the_means_of_its_values(connector):
    typed = Typed(connector)
    typed.start(BEGAN, meterStart=5_000)
    session = Session.objects.get()
    mean = MeterMean.objects.create(
        id=uuid4(), community=session.community, connector=session.connector, session=session, begins_at=BEGAN,
        span_s=300, values=2, first_at=BEGAN, first_wh=5_000, last_at=BEGAN, last_wh=5_000,
    )  # fmt: skip
    assert energies.is_without_register(session)
    MeterMean.objects.filter(pk=mean.pk).update(last_at=after(minutes=4))
    assert not energies.is_without_register(session)
