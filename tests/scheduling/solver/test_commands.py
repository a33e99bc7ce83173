import gzip
import io
import json

import pytest
from django.core.management import CommandError, call_command

SITE = {
    "schema": "evb-scenario/1",
    "name": "block",
    "period_s": 900,
    "n_periods": 16,
    "nodes": [{"id": "root", "parent": None, "limit_kw": 8.0}],
    "chargers": [
        {"id": f"c{n}", "node": "root", "max_kw": 7.4, "min_kw": 1.38, "phases": 1} for n in range(3)
    ],
    "sessions": [
        {
            "id": f"s{n}",
            "charger": f"c{n}",
            "arrive_s": 900 * n,
            "depart_s": 14_400,
            "energy_kwh": 6.0,
            "max_kw": 7.4,
            "priority": 1,
        }
        for n in range(3)
    ],
    "base_load": {},
    "tariff": [0.3] * 8 + [0.1] * 8,
}


@pytest.fixture
def site_file(tmp_path):
    path = tmp_path / "site.json"
    path.write_text(json.dumps(SITE))
    return path


def run(*args):
    out, progress = io.StringIO(), io.StringIO()
    call_command(*map(str, args), stdout=out, stderr=progress)
    return out.getvalue(), progress.getvalue()


def test_simulate_prints_figures_and_writes_the_scorers_format(site_file, tmp_path):
    result = tmp_path / "result.json"
    figures, progress = run("simulate", site_file, "--out", result)
    written = json.loads(result.read_text())
    assert "18.000 kWh (100.00 %)" in figures
    assert progress == ""  # a bar is for terminals
    assert set(written) == {"period_s", "rates_kw", "tick_ms"}
    assert set(written["tick_ms"]) == {"median", "max"}
    hours = written["period_s"] / 3600
    assert {key: round(sum(rates) * hours, 3) for key, rates in written["rates_kw"].items()} == {
        "s0": 6,
        "s1": 6,
        "s2": 6,
    }
    assert all(rate == 0 or rate >= 1.38 - 1e-9 for rates in written["rates_kw"].values() for rate in rates)


def test_simulate_reads_gzip_as_well(tmp_path):
    path = tmp_path / "site.json.gz"
    path.write_bytes(gzip.compress(json.dumps(SITE).encode()))
    assert "100.00 %" in run("simulate", path, "--continuous")[0]


@pytest.mark.parametrize(
    "policy",
    [
        "live",
        "live-serve",
        "live-equal",
        "live-first-come",
        "live+price",
        "fair",
        "serve",
        "equal",
        "first-come",
    ],
)
def test_simulate_knows_every_policy(site_file, policy):
    assert "100.0 % of sessions" in run("simulate", site_file, "--policy", policy)[0]


def test_simulate_plays_what_the_balancer_runs_unless_the_bare_engine_is_named(site_file, tmp_path):
    def rates(*args):
        run("simulate", site_file, "--out", tmp_path / "out.json", *args)
        return json.loads((tmp_path / "out.json").read_text())["rates_kw"]

    assert rates() == rates("--policy", "live") != rates("--policy", "fair")


@pytest.mark.parametrize("name", ["live-fast", "lively", "live+fast", "quick"])
def test_simulate_refuses_a_policy_it_does_not_know(site_file, name):
    with pytest.raises(CommandError, match="choose live"):
        run("simulate", site_file, "--policy", name)


def test_simulate_serves_a_wish_below_a_minimum_for_a_quarter_of_an_hour(tmp_path):
    sessions = [{**SITE["sessions"][0], "energy_kwh": 0.2}]
    path = tmp_path / "small.json"
    path.write_text(json.dumps({**SITE, "sessions": sessions}))
    assert "100.0 % of sessions" in run("simulate", path)[0]


def test_simulate_learns_from_past_days(site_file, tmp_path):
    history = tmp_path / "past.json"
    history.write_text(json.dumps({"days": [SITE, SITE]}))
    assert "100.00 %" in run("simulate", site_file, "--history", history)[0]


def test_price_as_second_aim_moves_energy_to_the_cheap_hours(site_file):
    def cost(text):
        return float(text.split("cost")[1].split()[0])

    assert cost(run("simulate", site_file, "--policy", "fair+price")[0]) < cost(run("simulate", site_file)[0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (json.dumps({**SITE, "sessions": [{**SITE["sessions"][0], "depart_s": -1}]}), "sessions[0].depart_s"),
        (json.dumps({**SITE, "tariff": [float("nan")] * 16}), "tariff[0]"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_bad_scenario_is_refused_without_a_traceback(tmp_path, content, message):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(CommandError) as refusal:
        run("simulate", path)
    assert message in str(refusal.value)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(CommandError):
        run("simulate", tmp_path / "none.json")


def test_unknown_policy_is_refused(site_file):
    with pytest.raises(CommandError) as refusal:
        run("simulate", site_file, "--policy", "greedy")
    assert "fair, serve, equal, first-come" in str(refusal.value)


def test_bad_history_is_refused_with_its_path(site_file, tmp_path):
    history = tmp_path / "past.json"
    history.write_text(json.dumps([SITE, {**SITE, "period_s": 0}]))
    with pytest.raises(CommandError) as refusal:
        run("simulate", site_file, "--history", history)
    assert "[1].period_s" in str(refusal.value)


def test_explain_tells_each_car_why(site_file):
    text, _ = run("explain", site_file, "--period", "2")
    lines = text.splitlines()
    assert lines[0] == "block, period 2"
    assert [line.split(":")[0] for line in lines[1:4]] == ["s0", "s1", "s2"]
    assert "root is full; 3 cars share it" in text
    assert lines[-1].startswith("planned ")


def test_explain_refuses_a_period_without_decisions(site_file):
    with pytest.raises(CommandError):
        run("explain", site_file, "--period", "15", "--session", "nobody")
