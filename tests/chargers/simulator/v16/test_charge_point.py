import asyncio

from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.site import Site


def statuses(csms, connector_id=1):
    return [s["status"] for s in csms.said("StatusNotification") if s["connectorId"] == connector_id]


def fast(station, **settings):
    station.settings.backoff_first_s = 0.05
    station.settings.backoff_most_s = 0.2
    for name, value in settings.items():
        setattr(station.settings, name, value)
    return station


def profile(limit_a, *, purpose="TxProfile", profile_id=1, level=1, transaction_id=None, **schedule):
    data = {
        "chargingProfileId": profile_id,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}],
            **schedule,
        },
    }
    if transaction_id is not None:
        data["transactionId"] = transaction_id
    return data


async def test_charge_point_boots_charges_and_stops(csms):
    csms.passwords["CP1"] = b"secret-secret-16"
    async with Site(csms.url, tick_s=0.02) as site:
        cp = fast(site.add(ChargePointSpec(id="CP1", key="secret-secret-16")), sample_s=1)
        await site.connected()
        await cp.plug_in(Car(settle_s=0.1), id_tag="TAG1")
        await csms.until(lambda: "Charging" in statuses(csms))
        await csms.until(lambda: csms.said("MeterValues"))
        assert cp.draw_ma() == (16_000, 16_000, 16_000)
        await cp.unplug()
        await csms.until(lambda: statuses(csms)[-1] == "Available")
        assert cp.draw_ma() == (0, 0, 0)
    assert statuses(csms) == ["Available", "Preparing", "Charging", "Available"]
    assert csms.actions()[0] == "BootNotification"
    assert [a for a in csms.actions() if a.endswith("Transaction")] == ["StartTransaction", "StopTransaction"]
    stop = csms.said("StopTransaction")[0]
    assert (stop["transactionId"], stop["reason"]) == (1001, "EVDisconnected")
    meter = csms.said("MeterValues")[0]
    assert meter["transactionId"] == 1001
    currents = [v for v in meter["meterValue"][0]["sampledValue"] if v["measurand"] == "Current.Import"]
    assert [(v["phase"], v["value"]) for v in currents] == [("L1", "16.0"), ("L2", "16.0"), ("L3", "16.0")]


async def test_charge_point_obeys_a_tx_profile_after_the_car_has_settled(csms):
    async with Site(csms.url, tick_s=0.02) as site:
        cp = fast(site.add(ChargePointSpec(id="CP1", phases=1, rotation="L2")))
        await site.connected()
        await cp.plug_in(Car(settle_s=0.2), id_tag="TAG1")
        await csms.until(lambda: cp.draw_ma() == (0, 16_000, 0) and cp.connector(1).transaction.server_id)
        request = {"connectorId": 1, "csChargingProfiles": profile(8, transaction_id=1001)}
        assert await csms.call("CP1", "SetChargingProfile", request) == {"status": "Accepted"}
        assert cp.draw_ma() == (0, 16_000, 0)
        await csms.until(lambda: cp.draw_ma() == (0, 8_000, 0))
        request = {"connectorId": 1, "csChargingProfiles": profile(5.9, transaction_id=1001)}
        assert await csms.call("CP1", "SetChargingProfile", request) == {"status": "Accepted"}
        await csms.until(lambda: cp.draw_ma() == (0, 0, 0))
        await csms.until(lambda: statuses(csms)[-1] == "SuspendedEVSE")


async def test_charge_point_leaves_no_task_behind(csms):
    before = asyncio.all_tasks()
    async with Site(csms.url) as site:
        cp = site.add(ChargePointSpec(id="CP1"))
        await site.connected()
        await cp.plug_in(Car(), id_tag="TAG1")
    await csms.until(lambda: csms.sockets["CP1"].state != 1)
    leftover = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not any("charge point" in name or "simulated" in name for name in leftover)
