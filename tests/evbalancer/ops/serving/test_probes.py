"""Health and metrics by the address of one replica, as Prometheus, Docker and Kubernetes ask."""

import pytest
from django.test import Client
from django.urls import reverse

from evbalancer.ops.serving.probes import PROBES

ADDRESS = "172.30.57.9:8000"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["healthz", "readyz", "metrics"])
def test_probe_is_answered_whatever_the_host_is_called(client: Client, settings, name) -> None:
    settings.ALLOWED_HOSTS = ["charging.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    assert reverse(name) in PROBES
    assert client.get(reverse(name), headers={"host": ADDRESS}).status_code == 200
    assert client.get("/login", headers={"host": ADDRESS}).status_code == 400


@pytest.mark.django_db
def test_metrics_stay_closed_to_strangers_by_any_name(client: Client) -> None:
    answer = client.get("/metrics", headers={"host": ADDRESS}, REMOTE_ADDR="203.0.113.5")
    assert answer.status_code == 403
