import pytest
from django.urls import reverse

from grid.models import AuditEntry, ProgramLimit, TemporaryLimit
from tests.factories.world import populate

ADD = "/admin/grid/temporarylimit/add/"


@pytest.fixture
def world(db):
    world = populate("SECRETA")
    ProgramLimit.objects.all().delete()
    TemporaryLimit.objects.all().delete()
    return world


def impose(client, world, **given):
    data = {"circuit": world["grid.Circuit"].pk, "pct": 50, "source": "manager", "reason": "Works", **given}
    return client.post(ADD, data)


@pytest.mark.promise("S15")
def test_limit_is_imposed_by_the_domain_and_audited(manager, world):
    assert impose(manager, world).status_code == 302
    limit = TemporaryLimit.objects.get()
    assert limit.limit_ma == (24_000, 24_000, 24_000)
    assert limit.imposed_by == world.manager
    assert limit.effective_at > limit.announced_at
    entry = AuditEntry.objects.get(action="limit.imposed")
    assert (entry.actor_label, entry.reason) == (world.manager.username, "Works")


def test_limit_may_be_given_in_amperes(manager, world):
    assert impose(manager, world, limit_ma="20.5").status_code == 302
    assert TemporaryLimit.objects.get().limit_ma == (20_500, 20_500, 20_500)


@pytest.mark.parametrize(
    "given",
    [
        {"pct": 101},
        {"reason": ""},
        {"until_0": "2020-01-01", "until_1": "10:00"},
        {"until_0": "9999-12-31", "until_1": "23:59"},
        {"limit_ma": "NaN"},
        {"limit_ma": "-1"},
        {"limit_ma": "48.1"},
        {"source": "demand_guard"},
    ],
)
def test_limit_that_makes_no_sense_is_refused(given, manager, world):
    assert impose(manager, world, **given).status_code == 422
    assert not TemporaryLimit.objects.exists()


@pytest.mark.promise("S5")
def test_circuit_of_another_community_is_refused(manager, world):
    other = populate("SECRETB")
    ProgramLimit.objects.all().delete()
    TemporaryLimit.objects.all().delete()
    response = impose(manager, world, circuit=other["grid.Circuit"].pk)
    assert response.status_code == 422
    assert "SECRETB" not in response.content.decode()
    assert not TemporaryLimit.objects.exists()


def test_limit_is_lifted_once(manager, world):
    impose(manager, world)
    page = reverse("admin:grid_temporarylimit_lift", args=[TemporaryLimit.objects.get().pk])
    assert manager.get(page).status_code == 200
    assert TemporaryLimit.objects.get().cancelled_at is None
    assert manager.post(page, {"reason": ""}).status_code == 302
    assert TemporaryLimit.objects.get().cancelled_at is not None
    assert manager.post(page, {"reason": ""}).status_code == 422
    assert AuditEntry.objects.filter(action="limit.lifted").count() == 1
