import asyncio
import time
from datetime import UTC, datetime

import pytest
import time_machine

from chargers.simulator import faults
from chargers.simulator.clock import Clock
from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.defects import Faults
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.site import Site


@pytest.fixture
async def charging(csms):
    """A charge point with a car that draws 16 A on three phases, in transaction 1001."""
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1", reboot_s=0.1))
        cp.settings.backoff_first_s, cp.settings.backoff_most_s = 0.05, 0.1
        cp.settings.sample_s = 0
        await site.connected()
        await cp.plug_in(Car(settle_s=0.1), id_tag="TAG1")
        await csms.until(lambda: cp.draw_ma()[0] == 16_000 and cp.connector(1).transaction.server_id)
        cp.site = site
        yield cp


def request(limit_a, *, purpose="TxProfile", kind="Absolute", profile_id=1, **schedule):
    return {
        "connectorId": 1 if purpose == "TxProfile" else 0,
        "csChargingProfiles": {
            "chargingProfileId": profile_id,
            "stackLevel": 0,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": kind,
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}],
                **schedule,
            },
        },
    }


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("profiles_rejected", {"status": "Rejected"}),
        ("profiles_not_supported", {"status": "NotSupported"}),
        ("profiles_error", ("error", "InternalError")),
    ],
)
async def test_refused_profile_changes_nothing(csms, charging, kind, answer):
    faults.begin(charging, kind)
    assert await csms.call("CP1", "SetChargingProfile", request(8)) == answer
    assert charging.profiles.slots == []
    faults.end(charging, kind)
    assert await csms.call("CP1", "SetChargingProfile", request(8)) == {"status": "Accepted"}


async def test_unanswered_profile_is_obeyed_all_the_same(csms, charging):
    faults.begin(charging, "profiles_unanswered")
    with pytest.raises(TimeoutError):
        await csms.call("CP1", "SetChargingProfile", request(8), timeout_s=0.3)
    await csms.until(lambda: charging.draw_ma() == (8_000, 8_000, 8_000))
    assert await csms.call("CP1", "ClearCache", {}) == {"status": "Accepted"}


async def test_late_answer_comes_late_and_does_not_hold_up_the_line(csms, charging):
    faults.begin(charging, "late_answers", value=0.4)
    started_s = time.monotonic()
    assert await csms.call("CP1", "SetChargingProfile", request(8)) == {"status": "Accepted"}
    assert time.monotonic() - started_s >= 0.4
    assert charging.draw_ma() == (8_000, 8_000, 8_000)


async def test_ignored_profile_is_accepted_and_reported_but_the_car_draws_on(csms, charging):
    faults.begin(charging, "profiles_ignored")
    assert await csms.call("CP1", "SetChargingProfile", request(8)) == {"status": "Accepted"}
    answer = await csms.call("CP1", "GetCompositeSchedule", {"connectorId": 1, "duration": 60})
    assert answer["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 8.0}]
    await asyncio.sleep(0.3)
    assert charging.draw_ma() == (16_000, 16_000, 16_000)
    faults.end(charging, "profiles_ignored")
    await csms.until(lambda: charging.draw_ma() == (8_000, 8_000, 8_000))


async def test_outranked_profile_is_accepted_and_the_read_back_tells(csms, charging):
    faults.begin(charging, "profiles_outranked", value=20_000)
    assert await csms.call("CP1", "SetChargingProfile", request(8)) == {"status": "Accepted"}
    answer = await csms.call("CP1", "GetCompositeSchedule", {"connectorId": 1, "duration": 60})
    assert answer["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 20.0}]


async def test_car_that_ignores_the_limit_draws_all_it_can(csms, charging):
    faults.begin(charging, "car_ignores_limit")
    assert await csms.call("CP1", "SetChargingProfile", request(8)) == {"status": "Accepted"}
    await asyncio.sleep(0.3)
    assert (charging.connector(1).offered_ma, charging.draw_ma()[0]) == (8_000, 16_000)


async def test_silence_answers_nothing_not_even_a_ping_and_ends(csms, charging):
    faults.begin(charging, "silence")
    pong = await csms.sockets["CP1"].ping()
    with pytest.raises(TimeoutError):
        await csms.call("CP1", "ClearCache", {}, timeout_s=0.3)
    assert not pong.done()
    assert charging.link.connected
    tally = charging.link.tally
    asked = tally.asked
    faults.end(charging, "silence")
    await asyncio.wait_for(pong, 2)
    # What was sent into the silence is read now, and known to be of before.
    await csms.until(lambda: (tally.asked, tally.asked_before) == (asked + 1, 1))
    assert await csms.call("CP1", "ClearCache", {}) == {"status": "Accepted"}


async def test_silence_outlived_by_the_server_ends_in_a_new_connection(csms, charging):
    faults.begin(charging, "silence")
    csms.sockets["CP1"].transport.abort()
    await asyncio.sleep(0.1)
    assert charging.link.handshakes == 1
    faults.end(charging, "silence")
    await csms.until(lambda: charging.link.handshakes == 2 and charging.online)


async def test_offline_spell_queues_and_replays_in_order_with_the_old_times(csms, charging):
    faults.begin(charging, "offline")
    await csms.until(lambda: not charging.online)
    mark = len(csms.frames)
    await charging.unplug()
    left_at = time.time()
    charging.whitelist.remember("TAG1", charging.whitelist.find("TAG1"))
    await charging.plug_in(Car(settle_s=0.1), id_tag="TAG1")
    await csms.until(lambda: charging.connector(1).transaction is not None)
    await charging.unplug()
    assert len(csms.frames) == mark
    await asyncio.sleep(0.3)
    faults.end(charging, "offline")
    await csms.until(lambda: len(csms.said("StopTransaction")) == 2)
    spoken = [(a, p) for _, a, p, _ in csms.frames[mark:] if a.endswith("Transaction")]
    assert [a for a, _ in spoken] == ["StopTransaction", "StartTransaction", "StopTransaction"]
    assert [p["transactionId"] for a, p in spoken if a == "StopTransaction"] == [1001, 1002]
    assert csms.said("BootNotification")[1:] == []
    told_at = datetime.fromisoformat(spoken[0][1]["timestamp"]).timestamp()
    assert abs(told_at - left_at) < 0.1


async def test_replayed_start_comes_again_under_a_new_message_id(csms, charging):
    faults.begin(charging, "replayed_start", value=2)
    await charging.unplug()
    await charging.plug_in(Car(), id_tag="TAG1")
    await csms.until(lambda: len(csms.said("StartTransaction")) == 4)
    assert [p == csms.said("StartTransaction")[1] for p in csms.said("StartTransaction")[1:]] == [True] * 3


async def test_skewed_and_zoneless_clocks_write_what_they_believe(csms, charging):
    await csms.until(lambda: csms.said("StatusNotification")[-1]["status"] == "Charging")
    mark = len(csms.said("StatusNotification"))
    faults.begin(charging, "clock_skew", value=-86_400)
    await csms.call("CP1", "TriggerMessage", {"requestedMessage": "StatusNotification"})
    faults.begin(charging, "zoneless_time", value=7_200)
    await csms.call("CP1", "TriggerMessage", {"requestedMessage": "StatusNotification"})
    await csms.until(lambda: len(csms.said("StatusNotification")) == mark + 2)
    skewed, zoneless = (p["timestamp"] for p in csms.said("StatusNotification")[-2:])
    assert abs(datetime.fromisoformat(skewed).timestamp() + 86_400 - time.time()) < 5
    assert "Z" not in zoneless
    assert "+" not in zoneless
    local = datetime.fromisoformat(zoneless).replace(tzinfo=UTC).timestamp()
    assert abs(local + 86_400 - 7_200 - time.time()) < 5


async def test_meter_quirks_falsify_the_report_but_not_the_truth(csms, charging):
    connector = charging.connector(1)
    connector.transaction.meter_start_wh = 10_000
    connector.register_wh = 12_345.0

    async def reported(measurand):
        mark = len(csms.said("MeterValues"))
        await csms.call("CP1", "TriggerMessage", {"requestedMessage": "MeterValues"})
        await csms.until(lambda: len(csms.said("MeterValues")) > mark)
        values = csms.said("MeterValues")[-1]["meterValue"][0]["sampledValue"]
        return [(v["value"], v["unit"], v.get("phase")) for v in values if v["measurand"] == measurand]

    register = "Energy.Active.Import.Register"
    assert float((await reported(register))[0][0]) == pytest.approx(12_345, abs=5)
    faults.begin(charging, "meter_kwh_labelled_wh")
    value, unit, _ = (await reported(register))[0]
    assert (float(value), unit) == (pytest.approx(12.345, abs=0.005), "Wh")
    faults.end(charging, "meter_kwh_labelled_wh")
    faults.begin(charging, "meter_session_relative")
    assert float((await reported(register))[0][0]) == pytest.approx(2_345, abs=5)
    faults.end(charging, "meter_session_relative")
    faults.begin(charging, "meter_reset")
    assert float((await reported(register))[0][0]) == pytest.approx(0, abs=5)
    faults.begin(charging, "meter_current_on_n")
    assert await reported("Current.Import") == [("16.0", "A", "N")]
    assert connector.register_wh == pytest.approx(12_345, abs=5)


async def test_reboot_stops_the_transaction_and_boots_again(csms, charging):
    assert await csms.call("CP1", "SetChargingProfile", request(8)) == {"status": "Accepted"}
    default = request(10, purpose="TxDefaultProfile", profile_id=2)
    assert await csms.call("CP1", "SetChargingProfile", default) == {"status": "Accepted"}
    faults.begin(charging, "reboot")
    await csms.until(lambda: len(csms.said("BootNotification")) == 2 and csms.said("StopTransaction"))
    assert csms.said("StopTransaction")[0]["reason"] == "PowerLoss"
    assert [slot.profile.id for slot in charging.profiles.slots] == [2]


async def test_crash_within_a_transaction_costs_its_limit_and_nothing_else(csms, charging):
    assert await csms.call("CP1", "SetChargingProfile", request(8)) == {"status": "Accepted"}
    transaction = charging.connector(1).transaction
    faults.begin(charging, "crash_in_transaction")
    await csms.until(lambda: len(csms.said("BootNotification")) == 2)
    assert (charging.connector(1).transaction, csms.said("StopTransaction")) == (transaction, [])
    assert charging.profiles.slots == []


async def test_crash_may_forget_the_transaction(csms, charging):
    faults.begin(charging, "crash_and_forget")
    await csms.until(lambda: len(csms.said("BootNotification")) == 2)
    assert charging.connector(1).transaction is None
    assert charging.connector(1).status() == "Preparing"
    assert csms.said("StopTransaction") == []


async def test_refused_card_goes_on_where_the_denial_is_ignored(csms, charging):
    connector = charging.connector(1)
    faults.begin(charging, "denial_ignored")
    charging.deny(connector, connector.transaction)
    assert connector.transaction is not None
    faults.end(charging, "denial_ignored")
    charging.deny(connector, connector.transaction)
    assert connector.transaction is None


async def test_welded_contactor_gives_power_after_the_stop(csms, charging):
    faults.begin(charging, "contactor_welded")
    charging.end_transaction(charging.connector(1), reason="Local")
    await csms.until(lambda: charging.draw_ma()[0] == 16_000)
    faults.end(charging, "contactor_welded")
    assert charging.draw_ma()[0] == 0


async def test_fault_with_a_duration_ends_even_when_it_is_cancelled(charging):
    await faults.inject(charging, "profiles_ignored", duration_s=0.01)
    assert not charging.faults.ignores_profiles
    task = asyncio.create_task(faults.inject(charging, "profiles_ignored", duration_s=60))
    await asyncio.sleep(0.01)
    assert charging.faults.ignores_profiles
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not charging.faults.ignores_profiles


@pytest.mark.parametrize(
    "kind",
    sorted(set(faults.KINDS) - {"reboot", "meter_reset", "cut", "crash_in_transaction", "crash_and_forget"}),
)
async def test_every_fault_leaves_a_good_charge_point_when_it_ends(csms, charging, kind):
    faults.begin(charging, kind)
    faults.end(charging, kind)
    assert charging.faults == Faults()
    assert (charging.clock.skew_s, charging.clock.zoneless, charging.clock.slower_by) == (0, False, 0)
    await csms.until(lambda: charging.online)


def test_unknown_fault_is_a_key_error():
    with pytest.raises(KeyError):
        faults.begin(None, "gremlins")


def test_slow_clock_loses_its_share_and_is_set_right():
    clock = Clock()
    with time_machine.travel(1_000_000, tick=False) as travel:
        clock.go_slower(0.01)
        travel.shift(3_600)
        assert clock.now() == 1_003_564
        clock.go_slower(0.0)
        assert clock.now() == 1_003_600


@pytest.fixture
async def watts(csms):
    """A charge point that takes watts only, and tells nobody what its profiles are."""
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1", rate_units=("W",), reads_back=False))
        await site.connected()
        yield cp


async def test_charge_point_of_watts_refuses_amperes_and_says_so_in_its_configuration(csms, watts):
    asked = await csms.call("CP1", "GetConfiguration", {"key": ["ChargingScheduleAllowedChargingRateUnit"]})
    assert asked["configurationKey"][0]["value"] == "Power"
    amperes = request(8, purpose="TxDefaultProfile")
    assert await csms.call("CP1", "SetChargingProfile", amperes) == {"status": "Rejected"}
    amperes["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"] = "W"
    assert await csms.call("CP1", "SetChargingProfile", amperes) == {"status": "Accepted"}


async def test_charge_point_may_not_tell_its_profiles(csms, watts):
    asked = {"connectorId": 1, "duration": 60}
    assert await csms.call("CP1", "GetCompositeSchedule", asked) == ("error", "NotSupported")
