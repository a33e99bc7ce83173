import asyncio
import time

import pytest

from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play import scenario as scenario_module
from chargers.simulator.play.scenario import Visit, play
from chargers.simulator.play.site import Site

CIRCUITS = {"transformer": None, "panel-a": "transformer", "panel-b": "transformer"}


def set_limit(limit_a, transaction_id):
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "transactionId": transaction_id,
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}],
            },
        },
    }


async def test_site_records_the_physical_sum_of_every_circuit(csms):
    async with Site(csms.url, circuits=CIRCUITS, tick_s=0.02) as site:
        wirings = [("A1", "STR", "panel-a", 3), ("A2", "L2", "panel-a", 1), ("B1", "L3", "panel-b", 1)]
        for identity, rotation, circuit, phases in wirings:
            spec = ChargePointSpec(id=identity, rotation=rotation, circuit=circuit, phases=phases)
            site.add(spec)
        await site.connected()
        await site["A1"].plug_in(Car(phases=2, settle_s=0), id_tag="T1")
        await site["A2"].plug_in(Car(max_ma=10_000, settle_s=0), id_tag="T2")
        await site["B1"].plug_in(Car(max_ma=7_000, settle_s=0), id_tag="T3")
        # STR: the two phases of the car are the grid's L2 and L3.
        expected = {
            "transformer": (0, 26_000, 23_000),
            "panel-a": (0, 26_000, 16_000),
            "panel-b": (0, 0, 7_000),
        }
        await site.until(lambda: {name: site.history.now_ma(name) for name in CIRCUITS} == expected)
        cut_at = time.time()
        await site["A2"].unplug()
        assert site.history.now_ma("panel-a") == (0, 16_000, 16_000)
        assert site.history.peak_ma("panel-a", since=cut_at) == (0, 16_000, 16_000)
        assert site.history.peak_ma("transformer") == (0, 26_000, 23_000)
        await site.until(lambda: all(site[name].talker.idle for name in ("A1", "A2", "B1")))
        totals = site.totals()
        assert (totals.online, totals.cars, totals.charging, totals.power_w) == (3, 2, 2, 8_970)
        assert str(totals) == "3/3 online, 2 cars, 2 charging, 9.0 kW, 0 messages waiting"


async def test_history_shows_that_a_raise_before_the_cut_has_settled_overlaps(csms):
    async with Site(csms.url, circuits={"root": None}, tick_s=0.02) as site:
        for identity in ("CP1", "CP2"):
            site.add(ChargePointSpec(id=identity, phases=1, rotation="L1", circuit="root"))
        await site.connected()
        for identity in ("CP1", "CP2"):
            await site[identity].plug_in(Car(settle_s=0), id_tag=identity)
        await site.until(lambda: all(cp.draw_ma()[0] for cp in site.charge_points.values()))
        await site.until(lambda: all(cp.talker.idle for cp in site.charge_points.values()))
        ids = {name: cp.connector(1).transaction.server_id for name, cp in site.charge_points.items()}
        await csms.call("CP2", "SetChargingProfile", set_limit(6, ids["CP2"]))
        await site.until(lambda: site.history.now_ma("root") == (22_000, 0, 0))
        site["CP1"].connector(1).car.settle_s = 0.5
        swapped_at = time.time()
        await csms.call("CP1", "SetChargingProfile", set_limit(6, ids["CP1"]))
        await csms.call("CP2", "SetChargingProfile", set_limit(16, ids["CP2"]))
        await site.until(
            lambda: site.history.now_ma("root") == (22_000, 0, 0) and time.time() > swapped_at + 0.5
        )
        assert site.history.peak_ma("root", since=swapped_at) == (32_000, 0, 0)


async def test_speed_fills_the_battery_faster_and_leaves_meter_and_current_alone(csms):
    async with Site(csms.url, tick_s=0.02, speed=3_600) as site:
        cp = site.add(ChargePointSpec(id="CP1"))
        await site.connected()
        car = Car(battery_wh=50_000, soc_pct=20, settle_s=0)
        await cp.plug_in(car, id_tag="TAG1")
        await site.until(lambda: car.soc_pct > 30)
        connector = cp.connector(1)
        assert connector.terminal_ma == (16_000, 16_000, 16_000)
        assert connector.register_wh == pytest.approx((car.soc_pct - 20) / 100 * 50_000 / 3_600)


async def test_full_car_is_suspended_by_itself_and_the_meter_stands_still(csms):
    async with Site(csms.url, tick_s=0.02, speed=100_000) as site:
        cp = site.add(ChargePointSpec(id="CP1"))
        await site.connected()
        await cp.plug_in(Car(battery_wh=20_000, soc_pct=90, settle_s=0), id_tag="TAG1")
        await csms.until(lambda: "SuspendedEV" in [s["status"] for s in csms.said("StatusNotification")])
        stood_wh = cp.connector(1).register_wh
        await asyncio.sleep(0.1)
        assert (cp.draw_ma(), cp.connector(1).register_wh) == ((0, 0, 0), stood_wh)


async def test_station_limit_is_shared_by_the_connectors_that_charge(csms):
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1", connectors=2))
        await site.connected()
        request = set_limit(20, None)
        del request["csChargingProfiles"]["transactionId"]
        request["connectorId"] = 0
        request["csChargingProfiles"]["chargingProfilePurpose"] = "ChargePointMaxProfile"
        assert await csms.call("CP1", "SetChargingProfile", request) == {"status": "Accepted"}
        await cp.plug_in(Car(settle_s=0, max_ma=32_000), id_tag="A")
        await site.until(lambda: cp.draw_ma()[0] == 20_000)
        await cp.plug_in(Car(settle_s=0, max_ma=32_000), id_tag="B", connector_id=2)
        await site.until(lambda: cp.connector(2).terminal_ma[0] == 10_000)
        assert cp.draw_ma() == (20_000, 20_000, 20_000)


async def test_charge_point_joins_a_running_site_and_a_second_of_its_name_is_refused(csms):
    async with Site(csms.url, circuits={"root": None}) as site:
        site.add(ChargePointSpec(id="CP1", circuit="root"))
        await site.connected()
        with pytest.raises(ValueError, match="there twice"):
            site.add(ChargePointSpec(id="CP1"))
        with pytest.raises(ValueError, match="hangs on 'attic'"):
            site.add(ChargePointSpec(id="CP2", circuit="attic"))
        await site["CP1"].plug_in(Car())
        with pytest.raises(ValueError, match="is taken"):
            await site["CP1"].plug_in(Car())


async def test_waiting_in_vain_says_how_the_site_stands(csms):
    async with Site(csms.url) as site:
        site.add(ChargePointSpec(id="CP1"))
        with pytest.raises(TimeoutError, match="0 cars"):
            await site.until(lambda: False, timeout_s=0.1)


async def test_hundred_charge_points_start_and_stop_without_a_trace(csms):
    before = asyncio.all_tasks()
    async with Site(csms.url) as site:
        for number in range(100):
            site.add(ChargePointSpec(id=f"CP{number:03}"))
        await site.connected()
        for cp in site.charge_points.values():
            await cp.plug_in(Car(), id_tag="T")
        await site.until(lambda: site.totals().charging + site.totals().cars >= 100)
    mine = {task for task in asyncio.all_tasks() - before if "simulator" in str(task.get_coro())}
    assert mine == set()


async def test_site_stops_at_once_when_the_server_is_not_there():
    async with Site("ws://127.0.0.1:9/ocpp") as site:
        cp = site.add(ChargePointSpec(id="CP1"))
        cp.settings.backoff_first_s = 60
        await site.until(lambda: cp.link.last_error)
        assert (cp.online, cp.link.handshakes) == (False, 0)
        started_s = time.monotonic()
    # It would wait a minute before it tries again.
    assert time.monotonic() - started_s < 10


async def test_server_without_our_subprotocol_is_left(csms):
    async with Site(csms.url.replace("/ocpp", "/none"), tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1"))
        await site.until(lambda: "does not speak ocpp1.6" in cp.link.last_error)
        assert not cp.online


async def test_driver_shows_the_card_again_when_nobody_could_be_asked(csms, monkeypatch):
    monkeypatch.setattr(scenario_module, "CARD_AGAIN_S", 0.1)
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1"))
        cp.settings.backoff_first_s = 0.05
        await site.connected()
        cp.link.unplug_network()
        playing = asyncio.create_task(play(site, [Visit("CP1", 0, "TAG1")]))
        await asyncio.sleep(0.3)
        assert csms.said("StartTransaction") == []
        cp.link.plug_network()
        await csms.until(lambda: csms.said("StartTransaction"))
        await playing


async def test_driver_who_is_refused_does_not_try_again(csms, monkeypatch):
    monkeypatch.setattr(scenario_module, "CARD_AGAIN_S", 0.01)
    csms.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    async with Site(csms.url, tick_s=0.02) as site:
        site.add(ChargePointSpec(id="CP1"))
        await site.connected()
        await play(site, [Visit("CP1", 0, "TAG1", depart_s=0.3)])
    assert len(csms.said("Authorize")) == 1


async def test_call_hears_at_once_that_the_connection_ended(csms):
    csms.answers["Authorize"] = None
    async with Site(csms.url, tick_s=0.02) as site:
        cp = site.add(ChargePointSpec(id="CP1"))
        await site.connected()
        asking = asyncio.create_task(cp.authorize("TAG1"))
        await csms.until(lambda: csms.said("Authorize"))
        cp.link.drop()
        assert await asyncio.wait_for(asking, 2) is False
