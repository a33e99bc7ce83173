"""A token is seen by the provider alone: not in a log, a page, an export, an answer or a dump (C8)."""

import json
import logging
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from drivers.models import User
from fleet.domain import connecting, connections, polling
from fleet.errors import ReconnectNeeded
from fleet.models import ConnectState, SmartcarConnection, Vehicle
from fleet.smartcar.gateway import Access, Tokens
from tests.asserts.http import client_of
from tests.factories.drivers import DriverFactory
from tests.fakesmartcar.server import LIMITS, Canned

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=3)
pytestmark = [pytest.mark.django_db, pytest.mark.promise("C8")]


@pytest.fixture
def secrets(smartcar, live, caplog):
    """Everything that can happen to a consent has happened; all the tokens that were ever given out."""
    caplog.set_level(logging.DEBUG)
    driver = DriverFactory()
    car = smartcar.add_car("anna")
    state = ConnectState.objects.create(
        driver=driver, user=driver.user, nonce_digest="x", expires_at=NOW + timedelta(minutes=9)
    )
    code = smartcar.consent("anna")
    connection = connecting.finish_flow(state, {"code": code}, live, now=NOW)
    vehicle = Vehicle.objects.get()
    path = f"/v2.0/vehicles/{car.id}/batch"
    for number, limit in enumerate([*LIMITS.values(), Canned(200, b"?"), Canned(500, b"", cut=True)]):
        smartcar.canned[path].append(limit)
        Vehicle.objects.update(polled_at=None, wait_until=None)
        polling.refresh_states(live, now=NOW + timedelta(days=40 * number))
    smartcar.canned["/oauth/token"].extend([Canned(500, {}), Canned(400, {"error": "invalid_request"})])
    for _ in range(3):
        SmartcarConnection.objects.update(access_expires_at=NOW)
        connections.refresh_due(live, now=LATER)
    other = connecting.finish_flow(state, {"code": smartcar.consent("anna")}, live, now=NOW)
    smartcar.refreshes.clear()
    with pytest.raises(ReconnectNeeded):
        connections.get_access(other.pk, live, now=LATER)
    connection = connecting.finish_flow(state, {"code": smartcar.consent("anna")}, live, now=NOW)
    given = [*smartcar.access, *smartcar.refreshes, code]
    assert len(given) >= 6
    assert connection.refresh_token_encrypted
    return driver, vehicle, given


def assert_no_token(text, given):
    assert [secret for secret in given if secret in text] == []


def test_no_token_in_the_log_at_any_level(secrets, caplog):
    _, _, given = secrets
    formatter = logging.Formatter()
    records = caplog.get_records("setup")
    # Tracebacks count as well.
    assert_no_token("\n".join(formatter.format(record) for record in records), given)
    assert len(records) > 20


def test_no_token_in_a_dump(secrets):
    out = StringIO()
    call_command("dumpdata", "fleet", "grid.auditentry", stdout=out)
    assert "smartcarconnection" in out.getvalue()
    assert_no_token(out.getvalue(), secrets[2])


def test_no_token_and_no_ciphertext_in_an_answer_of_the_api(secrets):
    driver, vehicle, given = secrets
    given = [*given, SmartcarConnection.objects.get().refresh_token_encrypted]
    client = client_of(driver.user)
    for path in (
        "/fleet/vehicles",
        f"/fleet/vehicle/{vehicle.pk}",
        f"/fleet/vehicle/{vehicle.pk}/readings",
        "/fleet/connections",
        f"/fleet/connections/{SmartcarConnection.objects.get().pk}",
        "/metrics",
    ):
        response = client.get(path)
        assert response.status_code == 200, path
        assert_no_token(response.content.decode(), given)


def test_no_token_and_no_ciphertext_on_a_page_or_in_an_export_of_the_admin(secrets):
    given = [*secrets[2], SmartcarConnection.objects.get().refresh_token_encrypted]
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.org", "x"))
    models = [model for model in admin.site._registry if model._meta.app_label in ("fleet", "grid")]
    for model in models:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model.objects.first()
        paths = [reverse(f"{name}_changelist"), reverse(f"{name}_export")]
        paths += [reverse(f"{name}_change", args=[row.pk])] if row is not None else []
        for path in paths:
            response = client.get(path)
            content = b"".join(response.streaming_content) if response.streaming else response.content
            assert_no_token(content.decode(), given)


def test_no_token_in_a_repr_or_in_json():
    pair = Tokens("access-anna", "refresh-anna", NOW, NOW)
    said = f"{pair!r} {Access('access-anna', 'anna')!r} {json.dumps([str(pair)])}"
    assert_no_token(said, ["access-anna", "refresh-anna"])
