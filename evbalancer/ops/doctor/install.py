"""Looks at the install: settings, versions, database, Redis, workers, mail, disk."""

import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import django
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django_celery_beat.models import PeriodicTask

from drivers.domain.mailing.mail_server import mail_trouble
from evbalancer.common.cache import redis_answers
from evbalancer.common.disk import read_disk
from evbalancer.common.mail import sends_mail
from evbalancer.ops import retention
from evbalancer.ops.doctor.findings import Finding, error, fine, warning
from evbalancer.ops.doctor.growth import measure_growth
from evbalancer.ops.health import are_pages_collected, tell_balancer, tell_database
from evbalancer.ops.partitions import find_unprepared
from evbalancer.ops.queues import UNSERVED, read_depths
from grid.domain.retention.rounds import read_lags

CLOCKS_DIFFER: Final = timedelta(seconds=2)
BEAT_SILENT: Final = timedelta(minutes=5)
CLEARING_LATE: Final = timedelta(days=1)
FULL_SOON_DAYS: Final = 30
MB: Final = 1024 * 1024


def look_at_settings(now: datetime) -> Iterator[Finding]:
    """What `manage.py check --deploy` says."""
    found = [each for each in checks.run_checks(include_deployment_checks=True) if not each.is_silenced()]
    for each in found:
        grade = error if each.is_serious() else warning
        yield grade(
            "settings", each.msg, each.hint or f"See {each.id} in the documentation of `check --deploy`."
        )
    if not found:
        yield fine("settings", "Nothing is unsafe.")
    if not are_pages_collected():
        yield error(
            "settings", "The pages' files were not collected.", "Run `manage.py collectstatic --noinput`."
        )


def look_at_versions(now: datetime) -> Iterator[Finding]:
    versions = [f"Python {platform.python_version()}", f"Django {django.get_version()}"]
    try:
        connection.ensure_connection()
        number = ".".join(map(str, connection.get_database_version()))
        versions.append(f"{connection.display_name} {number}")
    except DatabaseError:
        pass  # the look at the database says so
    yield fine("versions", ", ".join([*versions, f"on {sys.platform}"]) + ".")


def look_at_database(now: datetime) -> Iterator[Finding]:
    told = tell_database()
    steps = {
        "no answer": "Start the database, and look at DATABASE_URL.",
        "migrations are missing": "Stop the servers and run `manage.py migrate`.",
        "can't store": "Make room on its disk, or end its read-only mode.",
    }
    if told != "ok":
        yield error("database", f"The database: {told}.", steps[told])
        return
    yield fine("database", "It answers, has all migrations, and stores.")
    if connection.vendor == "postgresql":
        yield from _clock_of_database()


def _clock_of_database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        before = datetime.now(UTC)
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone()
    apart = abs(there - before)
    if apart > CLOCKS_DIFFER:
        said = f"The clocks of this machine and of the database differ by {apart.total_seconds():.0f} s."
        yield error("clocks", said, "Run a time service (chrony, systemd-timesyncd) on both.")
    else:
        yield fine("clocks", "This machine and the database agree.")


def look_at_redis(now: datetime) -> Iterator[Finding]:
    if not settings.REDIS_URL:
        yield fine("Redis", "None is set: one server process does everything.")
    elif redis_answers():
        yield fine("Redis", "It answers.")
    else:
        yield error(
            "Redis",
            "It does not answer; web processes balance meanwhile.",
            "Start it, and look at REDIS_URL.",
        )


def look_at_workers(now: datetime) -> Iterator[Finding]:
    told = tell_balancer(now)
    if told == "ok":
        yield fine("balancer", "Every cluster is balanced.")
    else:
        yield error(
            "balancer",
            f"The balancer: {told}.",
            "Start a server, or workers and beat; see /readyz and the log.",
        )
    if settings.BALANCE_RUNNER == "celery":
        last = PeriodicTask.objects.filter(last_run_at__isnull=False).order_by("-last_run_at").first()
        if last is None or last.last_run_at is None or now - last.last_run_at > BEAT_SILENT:
            since = (
                "ever" if last is None or last.last_run_at is None else f"since {last.last_run_at:%F %T} UTC"
            )
            yield error(
                "beat", f"No periodic work was sent {since}.", "Start Celery's beat; see docs/operations.md."
            )
        else:
            yield fine("beat", "It sends periodic work.")


def look_at_queues(now: datetime) -> Iterator[Finding]:
    depths = read_depths()
    for name, depth in depths.items():
        if depth >= UNSERVED:
            said = f"{depth} tasks wait in the queue {name}."
            yield error("queues", said, f"Start a worker for it (`--queues {name}`); see docs/operations.md.")
    if depths and max(depths.values()) < UNSERVED:
        yield fine("queues", "Workers keep up.")


def look_at_mail(now: datetime) -> Iterator[Finding]:
    trouble = mail_trouble()
    if trouble is not None and trouble.failing_since is not None:
        said = f"Mails fail since {trouble.failing_since:%F %T} UTC."
        yield warning("mail", said, "Send a test mail from *Operators > Mail server*; it shows every answer.")
    elif not sends_mail():
        yield warning(
            "mail", "There is no mail server.", "Set EMAIL_HOST, or the mail server of the back office."
        )
    else:
        yield fine("mail", "The last mail was taken.")


def look_at_disk(now: datetime) -> Iterator[Finding]:
    disk, growth = read_disk(), measure_growth(now=now)
    days = growth.days_left(disk.free_bytes)
    largest = ", ".join(f"{count} {name}" for name, count in growth.rows_a_day.items())
    yield fine(
        "growth",
        f"The database has {growth.database_bytes // MB} MB. The last day brought at most {growth.bytes_a_day / MB:.1f} MB ({largest}).",
    )
    said = f"{disk.free_bytes // MB} MB are free ({disk.used_pct} % used)"
    if connection.vendor == "postgresql":
        said += " on this machine; the database may have a disk of its own"
    make_room = "Make room, or shorten the days of communities (*How long records stay*)."
    if disk.is_nearly_full:
        yield error("disk", f"{said}.", make_room)
    elif days is not None and days < FULL_SOON_DAYS:
        yield warning("disk", f"{said}; without clearing it is full in {days} days.", make_room)
    else:
        lasts = "" if days is None else f"; without clearing it lasts {days} days"
        yield fine("disk", f"{said}{lasts}.")


def look_at_clearing(now: datetime) -> Iterator[Finding]:
    names = [ledger.name for ledger in retention.ledgers(now=now)]
    lags = read_lags(names, now=now)
    late = [name for name, lag_s in lags.items() if lag_s is None or lag_s > CLEARING_LATE.total_seconds()]
    if late:
        said = f"No whole round within a day through: {', '.join(late)}."
        yield warning(
            "clearing", said, "On a new server wait for an hour; else look for `is not cleared` in the log."
        )
    else:
        yield fine("clearing", "Records that are over their time are cleared.")
    unprepared = find_unprepared(now=now)
    if unprepared:
        said = f"Partitions of the next day are missing: {', '.join(unprepared)}. Rows are stored, and clearing them takes longer."
        yield warning(
            "partitions",
            said,
            "On a new server wait for five minutes; else look for `partitions` in the log of the work that clears.",
        )
