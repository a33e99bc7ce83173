"""What meters say in both languages, from the schema on: contexts, phases, foreign ids, counts that begin again. Without a wire."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chargers.domain.sessions import zombies
from chargers.domain.sockets import connections
from chargers.enums import ConnectorStatus, DrawSource, EnergyDoubt, SessionState
from chargers.models import Connector, MeterValue, OrphanMessage, Session, StrayDraw
from chargers.ocpp.v16 import V16
from chargers.ocpp.v21 import V21
from chargers.ocpp.v201 import V201
from chargers.reports.sockets import BootReport
from drivers.enums import NotificationKind, Role
from drivers.models import IdTag, Membership, Notification
from grid.models import AuditEntry
from pricing.models import BillLine
from tests.chargers.ocpp.station import Desked, Station, moment, reading
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector() -> Connector:
    return ConnectorFactory(max_current_ma=32_000)


@pytest.fixture
def tag(connector) -> IdTag:
    return IdTagFactory(driver=DriverFactory(community=connector.community), token="VALID")


@pytest.fixture
def manager(connector):
    driver = DriverFactory(community=connector.community)
    Membership.objects.create(user=driver.user, community=connector.community, role=Role.MANAGER)
    return driver


class Typed:
    """A 1.6 charge point typed by hand, an hour and a half of a day at a time."""

    def __init__(self, connector: Connector) -> None:
        self.desk = Desked(connector, V16)
        self.at = datetime.now(UTC) - timedelta(hours=8)

    def later(self, **span: float) -> None:
        self.at += timedelta(**span)

    def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        return self.desk.call(action, payload, at=self.at)

    def start(self, meter_wh: int = 1_000, connector: int = 1) -> int:
        payload = {
            "connectorId": connector,
            "idTag": "VALID",
            "meterStart": meter_wh,
            "timestamp": moment(self.at),
        }
        return self.call("StartTransaction", payload)["transactionId"]

    def stop(self, transaction_id: int, meter_wh: int, **more: Any) -> None:
        payload = {
            "transactionId": transaction_id,
            "meterStop": meter_wh,
            "timestamp": moment(self.at),
            **more,
        }
        self.call("StopTransaction", payload)

    def meter(self, *values: dict[str, Any], connector: int = 1, **more: Any) -> None:
        moments = [{"timestamp": moment(self.at), "sampledValue": list(values)}]
        self.call("MeterValues", {"connectorId": connector, "meterValue": moments, **more})

    def status(self, status: str) -> None:
        payload = {"connectorId": 1, "status": status, "errorCode": "NoError", "timestamp": moment(self.at)}
        self.call("StatusNotification", payload)


@pytest.fixture
def typed(connector, tag) -> Typed:
    return Typed(connector)


def value(number: float, measurand: str | None = None, **more: str) -> dict[str, Any]:
    return {"value": str(number), **({"measurand": measurand} if measurand else {}), **more}


def session() -> Session:
    return Session.objects.get()


# Registers


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("context", ["Sample.Periodic", "Sample.Clock", "Trigger", "Transaction.End"])
def test_register_of_the_start_beside_the_running_one_never_counts(typed, context, turned):
    typed.start(157_440)
    typed.later(hours=1)
    values = [value(163_630, context=context), value(157_440, context="Transaction.Begin")]
    typed.meter(*(values[::-1] if turned else values))
    assert session().energy_wh == 6_190


@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
def test_end_with_registers_of_both_ends_in_any_order_is_billed_between_them(connector, tag, version):
    station = Station(Desked(connector, version))
    began = datetime.now(UTC) - timedelta(hours=1)
    station.event("Started", 0, state="Charging", token="VALID", at=moment(began))
    values = [
        reading(400, context="Transaction.End"),
        reading(100, moment(began), context="Transaction.Begin"),
    ]
    station.event("Ended", 1, meterValue=values)
    assert (session().meter_start_wh, session().energy_wh) == (100, 300)


def test_register_of_a_lone_phase_is_billed_as_the_total(connector, tag):
    station = Station(Desked(connector))
    lone = {"value": 4_000, "phase": "L1", "context": "Transaction.End", "unitOfMeasure": {"unit": "Wh"}}
    began = datetime.now(UTC) - timedelta(hours=1)
    station.event("Started", 0, state="Charging", token="VALID", wh=1_000, at=moment(began))
    station.event("Ended", 1, meterValue=[{"timestamp": moment(datetime.now(UTC)), "sampledValue": [lone]}])
    assert (session().energy_wh, session().energy_doubt, BillLine.objects.get().energy_wh) == (
        3_000,
        "",
        3_000,
    )


def test_transaction_without_any_register_is_shown_and_told(connector, tag, manager):
    station = Station(Desked(connector))
    station.event("Started", 0, state="Charging", token="VALID")
    station.event("Ended", 1)
    assert (session().energy_wh, session().energy_doubt) == (0, EnergyDoubt.NO_REGISTER)
    told = Notification.objects.get(kind=NotificationKind.METER)
    assert told.driver == manager
    assert "no register was reported" in told.told
    assert AuditEntry.objects.filter(action="charge_point.energy_doubted").count() == 1


def test_register_that_stood_still_at_0_while_power_flowed_is_shown(typed, manager):
    started = typed.start(0)
    typed.later(minutes=10)
    typed.meter(value(7_400, "Power.Active.Import", unit="W"), transactionId=started)
    typed.stop(started, 0)
    assert session().energy_doubt == EnergyDoubt.NO_REGISTER


def test_car_that_took_nothing_is_no_doubt(typed):
    started = typed.start(1_000)
    typed.later(minutes=10)
    typed.stop(started, 1_000)
    assert (session().energy_wh, session().energy_doubt) == (0, "")


@pytest.mark.parametrize("told_wh", [2**31 - 1, 1_000_000, 101_000])
def test_register_above_nameplate_and_time_is_set_aside_shown_and_told(typed, manager, told_wh):
    started = typed.start(1_000)
    typed.later(seconds=1)
    typed.stop(started, told_wh)
    assert (session().energy_wh, session().energy_doubt) == (0, EnergyDoubt.SET_ASIDE)
    assert BillLine.objects.get().energy_wh == 0
    assert OrphanMessage.objects.get().payload["meterStop"] == told_wh
    assert Notification.objects.filter(kind=NotificationKind.METER, driver=manager).count() == 1


def test_register_that_is_set_aside_leaves_what_was_metered(typed):
    started = typed.start(1_000)
    typed.later(hours=1)
    typed.meter(value(9_000), transactionId=started)
    typed.meter(value(2**31 - 1), transactionId=started)
    assert session().energy_wh == 8_000
    assert MeterValue.objects.exclude(quarantine="").get().quarantine == "register jumped"
    typed.stop(started, 2**31 - 1)
    assert (session().energy_wh, session().energy_doubt) == (8_000, EnergyDoubt.SET_ASIDE)


def test_registers_that_jump_in_small_steps_are_bounded_by_the_whole_time(typed):
    started = typed.start(0)
    for step in range(1, 30):
        typed.later(seconds=10)
        typed.meter(value(step * 10_000), transactionId=started)
    assert session().energy_wh <= 20_000


def test_end_register_of_the_transaction_data_stands_in_for_an_impossible_one(typed):
    started = typed.start(1_000)
    typed.later(hours=1)
    ends = {"timestamp": moment(typed.at), "sampledValue": [value(9_000, context="Transaction.End")]}
    typed.stop(started, 2**31 - 1, transactionData=[ends])
    assert (session().energy_wh, session().energy_doubt) == (8_000, "")


def test_impossible_register_of_an_event_is_set_aside(connector, tag, manager):
    station = Station(Desked(connector))
    station.event("Started", 0, state="Charging", token="VALID", wh=1_000)
    station.event("Ended", 1, wh=2_147_483_647)
    assert (session().energy_wh, session().energy_doubt) == (0, EnergyDoubt.SET_ASIDE)


# Ids


@pytest.mark.parametrize("named", [0, -1])
def test_values_that_name_no_transaction_are_of_the_one_that_runs(typed, named):
    typed.start(1_000)
    typed.later(hours=1)
    typed.meter(value(5_000), value(16, "Current.Import", phase="L1", unit="A"), transactionId=named)
    assert (session().energy_wh, session().current_ma) == (4_000, (16_000, 0, 0))


@pytest.mark.parametrize("foreign", [4_711, 2**31 - 1])
def test_values_of_a_foreign_transaction_count_as_load_and_not_as_energy(typed, foreign):
    typed.start(1_000)
    typed.later(hours=1)
    typed.meter(value(5_000), value(16, "Current.Import", phase="L1", unit="A"), transactionId=foreign)
    assert (session().energy_wh, session().current_ma) == (0, (16_000, 0, 0))
    assert MeterValue.objects.get().quarantine == "unknown transaction"


@pytest.mark.promise("O20")
@pytest.mark.parametrize("named", [0, -1])
def test_stop_that_names_no_transaction_ends_the_only_one(typed, named):
    typed.start(1_000)
    typed.later(hours=1)
    typed.stop(named, 5_000)
    assert (session().state, session().energy_wh) == (SessionState.FINISHED, 4_000)


def test_stop_that_names_no_transaction_is_kept_aside_where_two_can_be_meant(typed, connector):
    ConnectorFactory(charge_point=connector.charge_point, number=2, circuit=connector.circuit)
    typed.start(1_000)
    typed.start(1_000, connector=2)
    typed.stop(0, 1_500)
    assert Session.objects.filter(state=SessionState.ACTIVE).count() == 2
    assert OrphanMessage.objects.count() == 1


# Counts


@pytest.mark.promise("O20")
@pytest.mark.parametrize("version", [V201, V21], ids=["2.0.1", "2.1"])
def test_count_that_begins_again_after_a_reboot_loses_nothing(connector, tag, version):
    station = Station(Desked(connector, version))
    began = datetime.now(UTC) - timedelta(hours=2)

    def at(minutes: int) -> str:
        return moment(began + timedelta(minutes=minutes))

    station.event("Started", 0, state="Charging", token="VALID", wh=0, at=at(0))
    for number in range(1, 6):
        station.event("Updated", number, wh=number * 200, at=at(number), trigger="MeterValuePeriodic")
    station.event("Updated", 0, wh=2_000, at=at(30), trigger="MeterValuePeriodic")
    station.event("Updated", 1, wh=3_000, at=at(40), trigger="MeterValuePeriodic")
    assert session().energy_wh == 3_000
    station.event("Updated", 1, wh=3_000, at=at(40), trigger="MeterValuePeriodic")
    station.event("Ended", 2, wh=4_000, at=at(50))
    assert (session().energy_wh, session().charger_stopped_at) == (4_000, began + timedelta(minutes=50))
    assert BillLine.objects.get().energy_wh == 4_000


@pytest.mark.promise("O20")
@pytest.mark.parametrize("number", [0, 1, 3, 99])
def test_end_of_an_open_transaction_is_taken_whatever_its_number(connector, tag, number):
    station = Station(Desked(connector))
    began = datetime.now(UTC) - timedelta(hours=1)
    station.event("Started", 0, state="Charging", token="VALID", wh=0, at=moment(began))
    for each in range(1, 4):
        station.event("Updated", each, wh=each * 100, at=moment(began + timedelta(minutes=each)))
    station.event("Ended", number, wh=4_000)
    assert (session().state, session().energy_wh) == (SessionState.FINISHED, 4_000)


def test_repeated_events_change_nothing(connector, tag):
    station = Station(Desked(connector))
    began = datetime.now(UTC) - timedelta(hours=1)
    events = [
        ("Started", 0, {"state": "Charging", "token": "VALID", "wh": 0}),
        ("Updated", 1, {"wh": 500, "state": "Charging"}),
        ("Ended", 2, {"wh": 900}),
    ]
    for _ in range(2):
        for kind, number, words in events:
            station.event(kind, number, at=moment(began + timedelta(minutes=number)), **words)
    assert (session().energy_wh, session().events_heard) == (900, "0-2")
    assert BillLine.objects.count() == 1
    assert OrphanMessage.objects.count() == 0


def test_event_after_the_end_under_a_used_number_is_kept_aside(connector, tag):
    station = Station(Desked(connector))
    began = datetime.now(UTC) - timedelta(hours=1)
    station.event("Started", 0, state="Charging", token="VALID", wh=0, at=moment(began))
    station.event("Ended", 1, wh=900, at=moment(began + timedelta(minutes=10)))
    station.event("Updated", 1, wh=5_000, at=moment(began + timedelta(minutes=20)))
    assert session().energy_wh == 900
    assert OrphanMessage.objects.get().why.startswith("updated: told after the transaction's end")


# A boot in mid-charge


def boot(typed: Typed) -> None:
    report = BootReport(source=typed.desk.source, received_at=typed.at, vendor="Hand", model="Typed")
    connections.take_boot(report, now=typed.at)


@pytest.mark.parametrize("told", ["Preparing", "Finishing", "Available", "Unavailable"])
def test_boot_in_mid_charge_and_an_idle_word_close_with_the_last_meter(typed, told):
    started = typed.start(1_000)
    typed.later(minutes=30)
    typed.meter(value(4_700), value(3_700, "Power.Active.Import", unit="W"), transactionId=started)
    last = typed.at
    typed.later(minutes=1)
    boot(typed)
    typed.status(told)
    assert zombies.end_zombies(now=typed.at + timedelta(seconds=20)) == 0
    assert zombies.end_zombies(now=typed.at + timedelta(seconds=40)) == 1
    assert (session().energy_wh, session().stop_reason) == (3_700, "Charger restarted, no stop was sent")
    assert (session().stopped_at, session().state != SessionState.ACTIVE) == (last, True)
    typed.later(minutes=5)
    assert typed.start(4_700) != started


@pytest.mark.parametrize("told", ["Charging", "SuspendedEVSE", "SuspendedEV"])
def test_transaction_that_goes_on_after_a_boot_is_not_closed(typed, told):
    typed.start(1_000)
    typed.later(minutes=30)
    boot(typed)
    typed.status("Preparing")
    typed.later(seconds=5)
    typed.status(told)
    assert zombies.end_zombies(now=typed.at + timedelta(minutes=2)) == 0


def test_idle_word_without_a_boot_ends_nothing(typed):
    boot(typed)
    typed.later(minutes=1)
    typed.start(1_000)
    typed.later(minutes=30)
    typed.status("Finishing")
    assert zombies.end_zombies(now=typed.at + timedelta(minutes=2)) == 0


def test_stop_in_the_queue_of_a_rebooted_charger_is_taken(typed):
    started = typed.start(1_000)
    typed.later(minutes=30)
    boot(typed)
    typed.status("Preparing")
    zombies.end_zombies(now=typed.at + timedelta(seconds=60))
    typed.later(minutes=2)
    typed.stop(started, 8_000)
    assert session().energy_wh == 7_000


# A start that waited


def late_start(typed: Typed, at: datetime, id_tag: str = "VALID") -> int:
    payload = {"connectorId": 1, "idTag": id_tag, "meterStart": 1_000, "timestamp": moment(at)}
    return typed.call("StartTransaction", payload)["transactionId"]


def test_repeated_start_after_a_boot_changes_neither_the_connector_nor_the_session(typed):
    began, started = typed.at, typed.start(1_000)
    typed.later(minutes=30)
    typed.stop(started, 8_000)
    boot(typed)
    typed.status("Available")
    before = (Connector.objects.values().get(), Session.objects.values().get())
    typed.later(seconds=5)
    assert late_start(typed, began) == started
    assert (Connector.objects.values().get(), Session.objects.values().get()) == before


@pytest.mark.parametrize("minutes", [0.5, 30])
def test_start_that_waited_over_a_boot_shows_no_car_and_its_stay_ends_with_the_word_that_it_left(
    typed, minutes
):
    typed.status("Available")
    typed.later(minutes=1)
    began = typed.at
    typed.later(minutes=minutes)
    boot(typed)
    typed.later(seconds=1)
    started = late_start(typed, began)
    connector = Connector.objects.get()
    assert (connector.status, connector.status_at < began) == (ConnectorStatus.AVAILABLE, True)
    assert session().state == SessionState.ACTIVE
    typed.stop(started, 2_000)
    typed.status("Available")
    # As long as it restarts, that may be said before the car was found again.
    assert session().state == SessionState.FINISHED
    zombies.end_zombies(now=typed.at + timedelta(minutes=3))
    assert (session().state, session().unplugged_at) == (SessionState.ENDED, session().stopped_at)


def test_transaction_whose_start_waited_is_not_given_up_before_it_could_say_more(typed):
    typed.status("Available")
    began = typed.at
    typed.later(minutes=30)
    boot(typed)
    late_start(typed, began)
    assert zombies.end_zombies(now=typed.at + timedelta(minutes=4)) == 0
    assert zombies.end_zombies(now=typed.at + timedelta(minutes=6)) == 1


def test_start_of_now_makes_a_free_connector_busy(typed):
    boot(typed)
    typed.status("Available")
    typed.later(seconds=20)
    typed.start(1_000)
    assert Connector.objects.get().status == ConnectorStatus.PREPARING


# What flows without a transaction


@pytest.mark.promise("E16")
def test_flow_without_a_transaction_is_known_by_its_connector(typed, connector):
    started = typed.start(1_000)
    typed.later(minutes=30)
    typed.stop(started, 8_000)
    typed.status("Finishing")
    typed.later(seconds=20)
    typed.meter(*[value(32, "Current.Import", phase=phase, unit="A") for phase in ("L1", "L2", "L3")])
    stray = StrayDraw.objects.get()
    assert (stray.connector, stray.current_ma, stray.drawn_at) == (connector, (32_000,) * 3, typed.at)
    assert session().current_ma == (0, 0, 0)
    typed.later(seconds=10)
    typed.meter(value(0, "Power.Active.Import", unit="W"))
    assert StrayDraw.objects.get().current_ma == (0, 0, 0)


@pytest.mark.promise("E16")
def test_draw_of_a_meter_with_power_alone_is_measured(typed):
    started = typed.start(1_000)
    typed.later(seconds=30)
    typed.meter(value(22.08, "Power.Active.Import", unit="kW"), transactionId=started)
    assert (session().current_ma, session().draw_source) == ((32_000,) * 3, DrawSource.POWER)
    assert session().phases_seen == ""


@pytest.mark.promise("E16")
def test_draw_of_a_meter_with_a_register_alone_is_measured(typed):
    started = typed.start(1_000)
    typed.meter(value(1_001), transactionId=started)
    typed.later(seconds=20)
    typed.meter(value(1_124), transactionId=started)
    assert session().draw_source == DrawSource.REGISTER
    assert session().power_w == 22_140
    assert max(session().current_ma) == 32_087


@pytest.mark.promise("E16")
def test_register_rises_from_where_it_stood_when_the_meter_told_its_power_last(typed):
    started = typed.start(1_000)
    typed.meter(value(1_001), transactionId=started)
    typed.later(seconds=20)
    typed.meter(value(1_062), value(11, "Power.Active.Import", unit="kW"), transactionId=started)
    typed.later(seconds=20)
    typed.meter(value(1_185), transactionId=started)
    assert (session().power_w, session().draw_source) == (22_140, DrawSource.REGISTER)


def test_state_of_the_connector_follows_the_rebooted_charger(typed):
    typed.start(1_000)
    typed.later(minutes=30)
    boot(typed)
    typed.status("Preparing")
    zombies.end_zombies(now=typed.at + timedelta(seconds=60))
    assert Connector.objects.get().status == ConnectorStatus.PREPARING
