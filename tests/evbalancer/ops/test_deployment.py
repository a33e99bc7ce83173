"""The files of an install against the code: Compose, units for systemd, proxy, Prometheus and Grafana.

No engine runs here. What can be wrong without one is a command, a queue, a variable, a port or a name of a metric that the code
does not have, and each is compared.
"""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from evbalancer.ops import stack
from evbalancer.ops.periodic import Lane
from evbalancer.ops.serving.probes import PROBES
from tests.architecture.source import ROOT, files
from tests.architecture.test_settings import PAGE, defaults_in_code, rows

DEPLOYMENT = ROOT / "docs" / "deployment"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "evbalancer"}
KINDS = {kind.name: kind for kind in stack.KINDS}
UNITS = {path.stem.removeprefix("evbalancer-"): path for path in (DEPLOYMENT / "systemd").glob("*.service")}
CODE = (ROOT / "evbalancer" / "settings.py").read_text()
METRIC = re.compile(r"\bevb_[a-z0-9_]+")


def command_of(service: dict[str, Any]) -> list[str]:
    return [str(word) for word in service.get("command", ["python", "manage.py", "serve"])]


def options_of(words: list[str] | tuple[str, ...]) -> dict[str, str]:
    """`--name value` or `--name=value` of what runs Celery, without what differs between containers and machines."""
    pairs = " ".join(words).replace("=", " ").split()
    found = {pairs[at]: pairs[at + 1] for at in range(len(pairs) - 1) if pairs[at].startswith("--")}
    return {name: value for name, value in found.items() if name not in {"--hostname", "--pidfile"}}


def test_every_process_of_the_table_is_a_service_and_a_unit() -> None:
    others = {"migrate", "chargers"}
    assert set(KINDS) == set(OURS) - others
    assert set(KINDS) == set(UNITS)


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"web", "meters"}))
def test_services_of_celery_run_what_the_table_runs(name: str) -> None:
    unit = next(
        line for line in UNITS[name].read_text().splitlines() if line.startswith("ExecStart=")
    ).split()
    table = options_of(KINDS[name].arguments)
    assert options_of(command_of(SERVICES[name])) == table
    assert options_of(unit) == table


def test_queues_that_work_is_sent_to_are_the_queues_that_workers_read() -> None:
    read = {options_of(command_of(service)).get("--queues") for service in OURS.values()} - {None}
    assert read == {lane.queue for lane in Lane}


def test_commands_of_services_and_units_exist() -> None:
    texts = [" ".join(command_of(service)) for service in OURS.values()]
    texts += [path.read_text() for path in UNITS.values()]
    named = {name for text in texts for name in re.findall(r"manage\.py (\w+)", text)}
    assert named == {"serve", "migrate", "register_periodic_tasks", "read_meters", "simulate_chargers"}
    assert named <= set(get_commands())


def test_no_service_that_is_scaled_holds_a_port_of_the_machine() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {
        "loopback",
        "proxy",
        "grafana",
    }
    everywhere = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert [port for port in everywhere if not port.startswith("127.0.0.1:")] == [
        "80:80",
        "443:443",
        "443:443/udp",
    ]


def test_every_service_has_a_bound_on_its_memory_and_its_logs() -> None:
    for name, service in SERVICES.items():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert service["logging"]["options"]["max-size"], name


def test_services_know_only_variables_of_the_settings() -> None:
    known = set(rows(PAGE.read_text())) & set(defaults_in_code(CODE))
    override = yaml.safe_load((DEPLOYMENT / "compose.secrets.yml").read_text())
    for services in (OURS, {name: override["services"][name] for name in KINDS}):
        for name, service in services.items():
            assert {key.removesuffix("_FILE") for key in service["environment"]} <= known, name


def test_secrets_from_files_reach_every_process_that_reads_them() -> None:
    override = yaml.safe_load((DEPLOYMENT / "compose.secrets.yml").read_text())
    assert set(override["services"]) == {*KINDS, "migrate", "postgres"}
    for service in override["services"].values():
        for path in service["environment"].values():
            assert path.removeprefix("/run/secrets/") in service["secrets"]
        assert set(service["secrets"]) <= set(override["secrets"])


def test_containers_are_told_healthy_by_what_the_code_answers() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    (asked,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", dockerfile)
    assert asked in PROBES
    for name in [each for each in KINDS if each.startswith("worker")]:
        # The node that is asked is the one that the command names.
        (node,) = re.findall(r"(\w+)@%h", " ".join(command_of(SERVICES[name])))
        assert f"--destination {node}@$$HOSTNAME" in SERVICES[name]["healthcheck"]["test"][1]


def test_proxies_and_prometheus_are_trusted_by_their_network() -> None:
    (subnet,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert subnet["subnet"] in SERVICES["web"]["environment"]["TRUSTED_ADDRESSES"]
    assert f"trusted_proxies {subnet['gateway']}/32" in (DEPLOYMENT / "Caddyfile.loopback").read_text()


def test_files_that_services_mount_are_in_the_repository() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    inside = [path for path in mounted if path.startswith("./")]
    assert len(inside) == 6
    assert all((ROOT / path).exists() for path in inside)


def metrics_of_the_code() -> set[str]:
    # A collector names its metrics as literals.
    texts = [path.read_text() for path in files() if "evbalancer/ops" in path.as_posix()]
    return {name for text in texts for name in re.findall(r'"(evb_[a-z0-9_]+)"', text)}


def test_alerts_and_dashboard_ask_for_metrics_that_are_exported() -> None:
    exported = metrics_of_the_code()
    assert len(exported) > 15
    rules = yaml.safe_load((DEPLOYMENT / "alerts.yml").read_text())["groups"][0]["rules"]
    dashboard = json.loads((DEPLOYMENT / "grafana" / "dashboards" / "evbalancer.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for expression in [rule["expr"] for rule in rules] + asked:
        named = set(METRIC.findall(expression))
        assert named or "up{" in expression, expression
        assert named <= exported, expression


def test_dashboard_finds_its_source_and_its_folder() -> None:
    provisioning = DEPLOYMENT / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    (folder,) = yaml.safe_load((provisioning / "dashboards" / "evbalancer.yml").read_text())["providers"]
    dashboard = json.loads((DEPLOYMENT / "grafana" / "dashboards" / "evbalancer.json").read_text())
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}
    assert any(folder["options"]["path"] in volume for volume in SERVICES["grafana"]["volumes"])
    panels = [panel["gridPos"] for panel in dashboard["panels"]]
    places = {
        (x, y)
        for at in panels
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    }
    assert len(places) == sum(at["w"] * at["h"] for at in panels)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="No promtool here: apt-get install prometheus")
def test_prometheus_takes_its_rules() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(DEPLOYMENT / "alerts.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
