import pytest
from django.utils import timezone

from drivers.models import User
from evbalancer.common.words.said import Said
from grid.models import AuditEntry
from scheduling.enums import AlarmKind
from scheduling.models import Alarm
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.django_db


def alarm(cluster=None, kind=AlarmKind.OFFLINE, name="A-01", **fields):
    now = timezone.now()
    usual = {"began_at": now, "seen_at": now, "kept_at": now, "raised_at": now}
    return Alarm.objects.create(
        community=cluster and cluster.community, cluster=cluster, kind=kind, about=f"x:{name}", name=name,
        said=Said("alarm.limit_refused", {"connector": name}), **(usual | fields),
    )  # fmt: skip


@pytest.fixture
def cluster():
    return ClusterFactory()


@pytest.fixture
def manager(cluster):
    return client_of(manager_of(cluster.community))


def names(answer):
    return [row["name"] for row in answer.json()["results"]]


def test_managers_see_their_own_open_alarms_and_the_history(cluster, manager):
    alarm(cluster)
    alarm(cluster, name="over", ended_at=timezone.now())
    alarm(cluster, name="pending", raised_at=None)
    alarm(ClusterFactory(), name="foreign")
    alarm(name="server", kind=AlarmKind.DISK)
    assert sorted(names(manager.get("/alarms"))) == ["A-01", "over"]
    assert names(manager.get("/alarms?ended_at__isnull=true")) == ["A-01"]
    assert names(manager.get("/alarms?kind=overdraw")) == []


def test_operators_see_those_of_the_whole_server_too(cluster):
    operator = client_of(User.objects.create_superuser("op"))
    alarm(cluster)
    alarm(name="server", kind=AlarmKind.DISK)
    assert sorted(names(operator.get("/alarms"))) == ["A-01", "server"]


def test_alarm_is_a_sentence_in_the_readers_language(cluster, manager):
    row = alarm(cluster)
    body = manager.get(f"/alarms/{row.pk}", headers={"Accept-Language": "de"}).json()
    assert body["text"] == "A-01 nimmt seine Limits nicht an: Andere bekommen weniger."
    assert (body["said"]["code"], body["is_grave"]) == ("alarm.limit_refused", False)


@pytest.mark.promise("S7")
def test_foreign_alarm_does_not_exist(cluster, manager):
    foreign, server = alarm(ClusterFactory()), alarm(name="server", kind=AlarmKind.DISK)
    for row in (foreign, server):
        assert_problem(manager.get(f"/alarms/{row.pk}"), 404, "not_found")
        answer = manager.post(f"/alarms/{row.pk}/acknowledge", {"note": "x"}, format="json")
        assert_problem(answer, 404, "not_found")


def test_drivers_see_no_alarms(cluster):
    driver = client_of(DriverFactory(community=cluster.community).user)
    assert driver.get("/alarms").status_code == 403


def test_manager_acknowledges_once_with_a_note(cluster, manager):
    row = alarm(cluster)
    assert_problem(manager.post(f"/alarms/{row.pk}/acknowledge", {}, format="json"), 400, "invalid")
    body = manager.post(f"/alarms/{row.pk}/acknowledge", {"note": "On my way"}, format="json").json()
    assert (body["note"], body["ended_at"]) == ("On my way", None)
    assert AuditEntry.objects.filter(action="alarm.acknowledged", reason="On my way").count() == 1
    again = manager.post(f"/alarms/{row.pk}/acknowledge", {"note": "Me too"}, format="json")
    assert_problem(again, 409, "state_moved")
