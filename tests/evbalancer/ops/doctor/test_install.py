from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from drivers.domain.mailing.mail_server import note_mail_outcome
from evbalancer.common.disk import Disk
from evbalancer.common.loopback import free_port
from evbalancer.common.mail import Reason
from evbalancer.ops import retention
from evbalancer.ops.doctor import install
from evbalancer.ops.doctor.findings import Grade, worst_of
from grid.models import RetentionMark
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def seen(look, now=NOW):
    return [(finding.part, finding.grade.value) for finding in look(now)]


def test_unsafe_settings_are_found(settings):
    settings.TRUSTED_ADDRESSES = ["0.0.0.0/0"]
    said = [finding.said for finding in install.look_at_settings(NOW) if finding.grade is Grade.ERROR]
    assert any("trusts everybody" in each for each in said)


def test_redis_that_does_not_answer_is_an_error(settings):
    settings.REDIS_URL = ""
    assert seen(install.look_at_redis) == [("Redis", "fine")]
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    backend = "evbalancer.common.cache.RedisOrMemory"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": settings.REDIS_URL}}
    assert seen(install.look_at_redis) == [("Redis", "error")]


def test_cluster_that_nobody_balances_is_an_error(settings):
    settings.BALANCE_RUNNER = "inprocess"
    assert seen(install.look_at_workers) == [("balancer", "fine")]
    CircuitFactory()
    assert seen(install.look_at_workers) == [("balancer", "error")]


def test_beat_that_sends_nothing_is_an_error(settings):
    settings.BALANCE_RUNNER = "celery"
    assert ("beat", "error") in seen(install.look_at_workers)
    every = IntervalSchedule.objects.create(every=3, period="seconds")
    task = PeriodicTask.objects.create(name="x", task="x", interval=every, last_run_at=NOW)
    assert ("beat", "fine") in seen(install.look_at_workers)
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=NOW - timedelta(minutes=6))
    assert ("beat", "error") in seen(install.look_at_workers)


def test_mail_that_fails_says_since_when(settings):
    settings.EMAIL_HOST = "mail.example"
    assert seen(install.look_at_mail) == [("mail", "fine")]
    note_mail_outcome(Reason("no", of_server=True), now=NOW)
    (finding,) = install.look_at_mail(NOW)
    assert finding.said == "Mails fail since 2026-11-30 12:00:00 UTC."


@pytest.mark.parametrize(
    ("free_mb", "grade"), [(100_000, Grade.FINE), (20_000, Grade.FINE), (400, Grade.ERROR)]
)
def test_disk_that_is_nearly_full_is_an_error(monkeypatch, free_mb, grade):
    monkeypatch.setattr(install, "read_disk", lambda: Disk(free_mb * install.MB, 110_000 * install.MB))
    assert worst_of(install.look_at_disk(NOW)) is grade


def test_clearing_that_does_not_keep_up_is_a_warning():
    assert seen(install.look_at_clearing) == [("clearing", "warning")]
    names = [ledger.name for ledger in retention.ledgers(now=NOW)]
    RetentionMark.objects.bulk_create(
        RetentionMark(ledger=name, began_at=NOW, finished_at=NOW) for name in names
    )
    assert seen(install.look_at_clearing, NOW + timedelta(hours=2)) == [("clearing", "fine")]
    (finding,) = install.look_at_clearing(NOW + timedelta(hours=25))
    assert "OCPP log" in finding.said


def test_database_is_looked_at_with_its_clock():
    grades = {grade for _, grade in seen(install.look_at_database, timezone.now())}
    assert grades == {"fine"}
