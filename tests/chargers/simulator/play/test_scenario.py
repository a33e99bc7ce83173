import asyncio
import json
import re

import pytest

from chargers.simulator.play.scenario import (
    CarSpec,
    FaultPlan,
    ScenarioError,
    Visit,
    load_scenario,
    play,
    read_scenario,
)


def good(**changes):
    return {
        "circuits": {"transformer": None, "panel": "transformer"},
        "charge_points": [
            {"id": "CP1", "key": "k", "phases": 1, "rotation": "L2", "circuit": "panel"},
            {"id": "CP2"},
        ],
        "cars": [
            {"charge_point": "CP2", "arrive_s": 5, "id_tag": "T2"},
            {
                "charge_point": "CP1",
                "arrive_s": 0,
                "depart_s": 0.4,
                "id_tag": "T1",
                "car": {"soc_pct": 10, "phases": 1, "max_ma": 10000, "settle_s": 0},
            },
        ],
        "faults": [{"charge_point": "*", "at_s": 0.1, "kind": "profiles_ignored", "duration_s": 0.1}],
        **changes,
    }


def test_scenario_is_read_and_its_cars_are_in_the_order_of_arrival():
    scenario = read_scenario(good(speed=60, seed=3, sample_s=5))
    assert [spec.id for spec in scenario.charge_points] == ["CP1", "CP2"]
    car = CarSpec(soc_pct=10, phases=1, max_ma=10_000, settle_s=0)
    assert scenario.cars == (Visit("CP1", 0, "T1", 0.4, 1, car), Visit("CP2", 5, "T2"))
    assert scenario.faults == (FaultPlan("*", 0.1, "profiles_ignored", 0.1),)
    assert (scenario.speed, scenario.seed, scenario.sample_s) == (60, 3, 5)


def entry(name, **changes):
    data = good()
    data[name] = [{**data[name][0], **changes}]
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "scenario: must be an object"),
        (good(colour="red"), "scenario.colour: is not known"),
        (good(speed="fast"), "scenario.speed: must be float, not 'fast'"),
        (good(seed=True), "scenario.seed: must be int, not True"),
        (good(speed=0), "scenario.speed: must be above 0"),
        (good(charge_points=[]), "charge_points: a scenario has at least one"),
        (good(charge_points={}), "charge_points: must be a list"),
        (good(charge_points=[{}]), "charge_points[0].id: is missing"),
        (good(charge_points=[{"id": "A"}, {"id": "A"}]), "charge_points: 'A' is there twice"),
        (entry("charge_points", rotation="XYZ"), "charge_points[0]: rotation 'XYZ' is none of"),
        (entry("charge_points", phases=3), "charge_points[0]: 3 phases cannot be wired to L2 alone"),
        (entry("charge_points", circuit="attic"), "'CP1' hangs on 'attic', which does not exist"),
        (entry("charge_points", connectors="two"), "charge_points[0].connectors: must be int, not 'two'"),
        (entry("charge_points", tls="yes"), "charge_points[0].tls: cannot be set in a scenario"),
        (good(circuits={"a": "b"}), "circuits: circuit 'a' hangs on 'b'"),
        (good(circuits=["a"]), "circuits: must be an object"),
        (entry("cars", arrive_s=-1), "cars[0].arrive_s: must not be negative"),
        (entry("cars", depart_s=5), "cars[0].depart_s: must be later than arrive_s"),
        (entry("cars", charge_point="CP9"), "cars: charge point 'CP9' does not exist"),
        (entry("cars", connector=2), "cars: 'CP2' has no connector 2"),
        (entry("cars", car={"phases": 5}), "cars[0].car: a car charges on 1, 2 or 3 phases"),
        (entry("cars", car={"wheels": 4}), "cars[0].car.wheels: is not known"),
        (entry("cars", id_tag=7), "cars[0].id_tag: must be str, not 7"),
        (entry("faults", kind="gremlins"), "faults[0].kind: 'gremlins' is none of"),
        (
            entry("faults", duration_s=0),
            "faults[0]: at_s must not be negative and duration_s must be above 0",
        ),
        (entry("faults", value=3), "faults[0].value: profiles_ignored takes none"),
        (entry("faults", charge_point="CP9"), "faults: charge point 'CP9' does not exist"),
    ],
)
def test_wrong_scenario_is_refused_with_place_and_reason(data, message):
    with pytest.raises(ScenarioError, match=re.escape(message)):
        read_scenario(data)


def test_two_cars_at_one_connector_are_refused():
    cars = [{"charge_point": "CP1", "arrive_s": s, "depart_s": s + 10, "id_tag": "T"} for s in (0, 5)]
    with pytest.raises(ScenarioError, match="two cars at 'CP1' connector 1 at once"):
        read_scenario(good(cars=cars))


def test_file_that_is_missing_or_no_json_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="No such file"):
        load_scenario(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ScenarioError, match="is not JSON"):
        load_scenario(tmp_path / "bad.json")
    (tmp_path / "good.json").write_text(json.dumps(good()))
    assert load_scenario(tmp_path / "good.json") == read_scenario(good())


def test_keys_from_elsewhere_win_over_written_ones():
    specs = read_scenario(good()).with_keys({"CP2": "x"}).charge_points
    assert [spec.key for spec in specs] == ["k", "x"]


async def test_scenario_is_played_on_the_wire(csms):
    scenario = read_scenario(good(cars=good()["cars"][1:]))
    site = scenario.site(csms.url)
    async with site:
        await site.connected()
        await asyncio.wait_for(play(site, scenario.cars, scenario.faults), 5)
        await csms.until(lambda: csms.said("StopTransaction"))
    assert csms.said("StartTransaction")[0]["idTag"] == "T1"
    assert site.history.peak_ma("transformer") == (0, 10_000, 0)
    assert site.history.now_ma("transformer") == (0, 0, 0)
    assert not site["CP1"].faults.ignores_profiles
