import copy
import math

import pytest

from scheduling.solver.errors import BadInputError
from scheduling.solver.play.scenario import read_scenario

GOOD = {
    "schema": "evb-scenario/1",
    "name": "small",
    "period_s": 900,
    "n_periods": 4,
    "nodes": [
        {"id": "root", "parent": None, "limit_kw": 20.0},
        {"id": "feeder", "parent": "root", "limit_kw": 11.0},
    ],
    "chargers": [
        {"id": "one", "node": "feeder", "max_kw": 7.4, "min_kw": 1.38, "phases": 1},
        {"id": "two", "node": "feeder", "max_kw": 11.0, "min_kw": 4.14, "phases": 3, "phase": "L1L2L3"},
    ],
    "sessions": [
        {
            "id": "s",
            "charger": "one",
            "arrive_s": 0,
            "depart_s": 2700,
            "energy_kwh": 3.0,
            "max_kw": 7.4,
            "priority": 1,
        },
        {
            "id": "t",
            "charger": "two",
            "arrive_s": 900,
            "depart_s": 3600,
            "energy_kwh": 5.0,
            "max_kw": 11.0,
            "priority": 3,
        },
    ],
    "base_load": {"root": [1.0, 2.0, 3.0, 4.0]},
    "tariff": [0.1, 0.2, 0.3, 0.4],
}
PHASOR = {"id": "w", "limit_a": 30.0, "terms": {"one": [0.87, 0.5]}}


def changed(*path_and_value):
    *path, value = path_and_value
    data = copy.deepcopy(GOOD)
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return data


def without(*path):
    data = copy.deepcopy(GOOD)
    at = data
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return data


def test_scenario_reads_in_watts_and_periods():
    scenario = read_scenario(GOOD)
    session = scenario.sessions[1]
    assert (session.begin, session.end, session.energy_wh, session.max_w, session.priority) == (
        1,
        4,
        5000,
        11000,
        3,
    )
    assert scenario.circuits[1].limit_w == 11_000
    assert scenario.circuits[0].base_load_w_series == (1000, 2000, 3000, 4000)
    assert scenario.chargers["two"].phases == (0, 1, 2)
    assert scenario.tariff == (0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (changed("nodes", 0, "parent", "feeder"), "nodes[0].parent"),
        (changed("nodes", 1, "parent", "feeder"), "nodes[1].parent"),
        (changed("nodes", 1, "parent", "nowhere"), "nodes[1].parent"),
        (changed("nodes", 1, "id", "root"), "nodes[1].id"),
        (changed("nodes", 0, "limit_kw", math.nan), "nodes[0].limit_kw"),
        (changed("nodes", 0, "limit_kw", "much"), "nodes[0].limit_kw"),
        (without("nodes", 0, "limit_kw"), "nodes[0].limit_kw"),
        (changed("nodes", []), "nodes"),
        (changed("nodes", None), "nodes"),
        (changed("chargers", 0, "node", "nowhere"), "chargers[0].node"),
        (changed("chargers", 1, "id", "one"), "chargers[1].id"),
        (changed("chargers", 0, "max_kw", -1), "chargers[0].max_kw"),
        (changed("chargers", 0, "phases", 4), "chargers[0].phases"),
        (changed("chargers", 0, "phase", "N"), "chargers[0].phase"),
        (changed("sessions", 0, "charger", "nowhere"), "sessions[0].charger"),
        (changed("sessions", 1, "energy_kwh", -0.1), "sessions[1].energy_kwh"),
        (changed("sessions", 1, "energy_kwh", math.inf), "sessions[1].energy_kwh"),
        (changed("sessions", 1, "energy_kwh", True), "sessions[1].energy_kwh"),
        (changed("sessions", 1, "depart_s", 0), "sessions[1].depart_s"),
        (changed("sessions", 1, "arrive_s", -900), "sessions[1].arrive_s"),
        (changed("sessions", 1, "id", "s"), "sessions[1].id"),
        (changed("sessions", 1, "priority", 4), "sessions[1].priority"),
        (changed("sessions", 0, "seven"), "sessions[0]"),
        (changed("base_load", {"nowhere": [0, 0, 0, 0]}), "base_load.nowhere"),
        (changed("base_load", "root", [0, 0]), "base_load.root"),
        (changed("base_load", "root", [0, 0, math.nan, 0]), "base_load.root[2]"),
        (changed("tariff", [0.1, None, 0.3, 0.4]), "tariff[1]"),
        (changed("period_s", 0), "period_s"),
        (changed("n_periods", 1.5), "n_periods"),
        (changed("n_periods", 10**9), "n_periods"),
        (changed("schema", "evb-scenario/9"), "schema"),
        ({**GOOD, "phasor_constraints": [PHASOR]}, "phasor_volts"),
        (
            {**GOOD, "phasor_volts": 208, "phasor_constraints": [{**PHASOR, "terms": {"nine": [1, 0]}}]},
            "phasor_constraints[0].terms.nine",
        ),
        (
            {**GOOD, "phasor_volts": 208, "phasor_constraints": [{**PHASOR, "terms": {"one": [1]}}]},
            "phasor_constraints[0].terms.one",
        ),
        ([], "scenario"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_inconsistent_scenario_is_refused_with_the_path_of_the_field(data, path):
    with pytest.raises(BadInputError) as refusal:
        read_scenario(data)
    assert refusal.value.path == path
