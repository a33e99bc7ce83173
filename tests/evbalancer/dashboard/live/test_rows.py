from datetime import timedelta

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import Session
from evbalancer.dashboard.live.facts import gather
from evbalancer.dashboard.live.rows import rows, without_names
from scheduling.enums import SlotState
from tests.evbalancer.dashboard.conftest import House
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.scheduling import SlotRequestFactory


def rows_of(house: House) -> dict[str, dict]:
    return {row["space"]: row for row in rows(gather(house.cluster, now=house.now))}


def test_row_of_a_charging_car_says_all_of_it(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community, name="Amara Okafor")
    car = VehicleFactory(driver=driver, name="Zoe")
    session = house.charging("A-03", limit_ma=9_000, driver=driver, vehicle=car, charge_pct=44)
    slot = SlotRequestFactory(
        cluster=house.cluster,
        driver=driver,
        session=session,
        state=SlotState.ACTIVE,
        energy_wh=24_000,
        created_at=house.now,
    )
    assert rows_of(house)["A-03"] == {
        "id": str(session.connector_id),
        "position": 0,
        "space": "A-03",
        "circuit_id": str(house.panel.pk),
        "circuit": "Panel A",
        "phases": [1, 2, 3],
        "state": "charging",
        "power_w": 6_210,
        "limit_ma": 9_000,
        "wanted_ma": 9_000,
        "reserved_ma": 9_000,
        "energy_wh": 3_450,
        "asked_wh": 24_000,
        "ready_by": slot.ready_by.isoformat(),
        # 20,550 Wh at 6,210 W take 3 h 18 min 33 s.
        "finish_at": (house.now + timedelta(hours=3, minutes=20)).isoformat(),
        "why": "Panel A, phase L2 is full; 2 cars share it",
        "needs_a_person": False,
        "driver": "Amara Okafor",
        "vehicle": "Zoe",
        "charge_pct": 44,
        "admin_url": f"/admin/chargers/chargepoint/{session.connector.charge_point_id}/change/",
    }


def test_row_without_names_tells_no_driver_car_or_battery(house: House) -> None:
    house.charging("A-03", charge_pct=44)
    row = without_names(rows_of(house)["A-03"])
    assert {"driver", "vehicle", "charge_pct", "admin_url"}.isdisjoint(row)
    assert "Who is at" not in str(row)


def test_row_of_a_free_space_shows_no_figures(house: House) -> None:
    house.connector("A-01")
    row = rows_of(house)["A-01"]
    assert (row["state"], row["why"]) == ("available", "Free")
    assert [row[key] for key in ("power_w", "limit_ma", "wanted_ma", "energy_wh", "ready_by")] == [None] * 5


def test_row_never_shows_an_old_measurement_as_now(house: House) -> None:
    house.charging("A-03", metered_at=house.now - timedelta(seconds=61))
    assert rows_of(house)["A-03"]["power_w"] is None


def test_row_of_an_offline_charger_says_what_stays_reserved(house: House) -> None:
    house.connector("A-09", online=False, fallback_ma=6_000)
    row = rows_of(house)["A-09"]
    assert (row["state"], row["reserved_ma"]) == ("offline", 6_000)
    assert row["why"] == "Offline for 4 min: 6 A stay reserved for it"


def test_row_of_a_waiting_car_says_since_when_and_why(house: House) -> None:
    session = house.charging("A-11", limit_ma=0)
    session.connector.status = ConnectorStatus.SUSPENDED_EVSE
    session.connector.save()
    allotment = session.connector.allotment
    allotment.reason = "waiting_turn"
    allotment.facts = {"circuit": "Panel A", "phase": 0, "sharing": 3}
    allotment.save()
    row = rows_of(house)["A-11"]
    assert row["state"] == "waiting"
    assert (
        row["why"] == "Waiting for 6 min: Panel A, phase L1 cannot carry every car's minimum; 3 cars share it"
    )


def test_rows_are_in_the_order_of_the_doors(house: House) -> None:
    for name in ("A-10", "A-2", "B-1", "A-1"):
        house.connector(name)
    assert list(rows_of(house)) == ["A-1", "A-2", "A-10", "B-1"]


def test_row_of_a_charger_with_two_cables_names_the_cable(house: House) -> None:
    connector = house.connector("A-05")
    ConnectorFactory(circuit=house.panel, charge_point=connector.charge_point, number=2)
    assert list(rows_of(house)) == ["A-05/1", "A-05/2"]


def test_ended_stay_leaves_no_trace_on_the_row(house: House) -> None:
    connector = house.connector("A-05")
    plugged_at = house.now - timedelta(hours=3)
    SessionFactory(connector=connector, plugged_at=plugged_at, state=SessionState.ENDED, energy_wh=9_000)
    assert rows_of(house)["A-05"]["energy_wh"] is None


def test_row_says_when_a_car_is_done_at_its_present_power_in_steps_of_five_minutes(house: House) -> None:
    driver = DriverFactory(community=house.cluster.community)
    session = house.charging("A-03", limit_ma=10_000, driver=driver, energy_wh=3_450)
    SlotRequestFactory(
        cluster=house.cluster,
        driver=driver,
        session=session,
        state=SlotState.ACTIVE,
        energy_wh=10_350,
        created_at=house.now,
    )
    # 6,900 Wh at 6,900 W take an hour; a second less of the meter moves nothing.
    assert rows_of(house)["A-03"]["finish_at"] == (house.now + timedelta(hours=1)).isoformat()
    Session.objects.filter(pk=session.pk).update(energy_wh=3_452)
    assert rows_of(house)["A-03"]["finish_at"] == (house.now + timedelta(hours=1)).isoformat()


def test_row_of_a_car_that_waits_or_whose_need_nobody_knows_foretells_nothing(house: House) -> None:
    house.charging("A-01")
    house.charging("A-02", power_w=0, limit_ma=0)
    assert [row["finish_at"] for row in rows_of(house).values()] == [None, None]
