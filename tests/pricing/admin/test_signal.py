from datetime import UTC, datetime

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from drivers.enums import Role
from evbalancer.common.security import encryption
from grid.models import AuditEntry
from pricing.models import EnergySignal, SignalPublication
from tests.factories.drivers import MembershipFactory, UserFactory
from tests.factories.pricing import EnergySignalFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 7, tzinfo=UTC)
ADD = "/admin/pricing/energysignal/add/"
ROWS = b"start,price_per_mwh\n2026-03-02 13:00,80\n2026-03-02 14:00,-9.5\n"


def manager(client):
    member = MembershipFactory(role=Role.MANAGER, user__is_staff=True)
    client.force_login(member.user)
    return member.community


def add(client, **fields):
    filled = {"name": "Day ahead", "quantity": "price", "kind": "entsoe", "area": "DE-LU", "active": "on", "new_token": "t0ken"}  # fmt: skip
    return client.post(ADD, filled | fields)


def errors(response):
    return response.context["adminform"].form.errors


def send(client, signal, content, name="prices.csv"):
    page = reverse("admin:pricing_energysignal_upload", args=[signal.pk])
    return client.post(page, {"file": SimpleUploadedFile(name, content)})


def test_manager_adds_a_signal_whose_token_is_kept_encrypted(client):
    community = manager(client)
    response = add(client, community=community.pk)
    assert response.status_code == 302, errors(response)
    signal = EnergySignal.objects.get()
    assert (signal.community, encryption.decrypt(signal.token_encrypted)) == (community, "t0ken")
    page = client.get(f"/admin/pricing/energysignal/{signal.pk}/change/").content
    assert b"t0ken" not in page
    assert signal.token_encrypted.encode() not in page
    assert AuditEntry.objects.get(action="energysignal.added").after["token_encrypted"] == "(secret)"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"area": "ATLANTIS"}, "area"),
        ({"kind": "awattar", "area": "FR"}, "area"),
        ({"kind": "octopus", "area": "AGILE"}, "area"),
        ({"new_token": ""}, "new_token"),
        ({"quantity": "carbon"}, "quantity"),
    ],
)
def test_provider_that_could_not_be_asked_is_refused_beside_its_field(client, fields, field):
    community = manager(client)
    assert list(errors(add(client, community=community.pk, **fields))) == [field]
    assert not EnergySignal.objects.exists()


@pytest.mark.promise("S13")
def test_operators_alone_set_another_address_and_only_a_safe_one(client):
    community = manager(client)
    add(client, community=community.pk, url="https://elsewhere.example/")
    assert EnergySignal.objects.get().url == ""
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    for url in ("http://elsewhere.example/", "https://me:pw@elsewhere.example/"):
        assert "url" in errors(add(client, community=community.pk, name="Other", url=url))
    assert add(client, community=community.pk, name="Other", url="https://e.example/").status_code == 302


@time_machine.travel(NOW, tick=False)
def test_file_is_taken_and_its_steps_are_drawn(client):
    signal = EnergySignalFactory(community=manager(client))
    assert send(client, signal, ROWS).status_code == 302
    assert SignalPublication.objects.get().values == [8_000] * 4 + [-950] * 4
    page = client.get(f"/admin/pricing/energysignal/{signal.pk}/change/").content.decode()
    assert 'aria-label="Steps of a quarter of an hour, from -0.0095 EUR per kWh to 0.08 EUR per kWh"' in page
    assert "heard" in client.get("/admin/pricing/energysignal/").content.decode()


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"when,what\n1,2\n", "The first row names the columns"),
        (ROWS + b"2026-03-02 14:00,1\n", "Row 4: 2026-03-02 13:00 UTC is there twice, also in row 3."),
        (ROWS.replace(b"2026", b"2025"), "more than 62 days ago"),
        (b"x" * (2 * 1024 * 1024 + 1), "At most 2 MB"),
    ],
)
def test_file_that_can_not_be_taken_is_refused_with_the_reason(client, content, sentence):
    signal = EnergySignalFactory(community=manager(client))
    response = send(client, signal, content)
    assert response.status_code == 422
    assert sentence in response.context["form"].errors["file"][0]
    assert not SignalPublication.objects.exists()


def test_signal_of_another_community_takes_no_file(client):
    manager(client)
    assert send(client, EnergySignalFactory(), ROWS).status_code == 404
