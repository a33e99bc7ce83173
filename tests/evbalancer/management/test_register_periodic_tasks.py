from io import StringIO

import pytest
from django.core.management import call_command
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from evbalancer.management.commands.register_periodic_tasks import FORMER_TASKS
from evbalancer.ops.periodic import ROWS

pytestmark = pytest.mark.django_db

TASK = "evbalancer.run_periodic"


def register() -> str:
    said = StringIO()
    call_command("register_periodic_tasks", stdout=said)
    return said.getvalue().strip()


def ours():
    return PeriodicTask.objects.exclude(name="celery.backend_cleanup")


def every(seconds: int) -> IntervalSchedule:
    return IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)[0]


def test_rows_are_registered_once():
    assert register() == f"{len(ROWS)} created, 0 kept, 0 removed."
    assert register() == f"0 created, {len(ROWS)} kept, 0 removed."
    registered = {(row.name, row.task, row.args, row.interval.every, row.queue) for row in ours()}
    assert registered == {(row.name, TASK, f'["{row.name}"]', row.every_s, row.lane.queue) for row in ROWS}


def test_edits_of_an_operator_survive():
    register()
    PeriodicTask.objects.filter(name="Scan for abuse").update(interval=every(77), enabled=False)
    register()
    row = PeriodicTask.objects.get(name="Scan for abuse")
    assert (row.interval.every, row.enabled) == (77, False)


def test_edited_row_of_a_former_release_goes_on_with_its_schedule_and_switch():
    nights = CrontabSchedule.objects.create(hour="3")
    PeriodicTask.objects.create(name="Send mails", task="drivers.send_mails", crontab=nights, queue="mails")
    PeriodicTask.objects.create(
        name="Scan for abuse", task="scheduling.scan_abuse", interval=every(77), enabled=False
    )
    register()
    mails, scan = (PeriodicTask.objects.get(name=name) for name in ("Send mails", "Scan for abuse"))
    assert (mails.task, mails.args, mails.crontab, mails.interval, mails.queue) == (
        TASK,
        '["Send mails"]',
        nights,
        None,
        "mails",
    )
    assert (scan.task, scan.args, scan.interval.every, scan.enabled) == (
        TASK,
        '["Scan for abuse"]',
        77,
        False,
    )


def test_rows_leave_the_queues_of_a_former_release_and_stay_on_an_operators_own():
    register()
    PeriodicTask.objects.filter(name="Send mails").update(queue="provider")
    PeriodicTask.objects.filter(name="Scan for abuse").update(queue="balance")
    PeriodicTask.objects.filter(name="Ask for energy signals").update(queue="mine")
    register()
    queues = dict(ours().values_list("name", "queue"))
    assert queues["Send mails"] == "mail"
    assert queues["Scan for abuse"] == "chores"
    assert queues["Ask for energy signals"] == "mine"
    assert queues["Rebalance all clusters"] == "balance"


def test_row_that_became_several_hands_them_its_schedule_and_switch():
    PeriodicTask.objects.create(
        name="Lapse slots and emergencies", task="scheduling.lapse", interval=every(90), enabled=False
    )
    assert register() == f"{len(ROWS)} created, 0 kept, 1 removed."
    heirs = PeriodicTask.objects.filter(name__in=FORMER_TASKS["scheduling.lapse"])
    assert [(row.interval.every, row.enabled) for row in heirs] == [(90, False)] * 6
    assert not PeriodicTask.objects.filter(task="scheduling.lapse").exists()


def test_row_of_an_operators_own_is_pointed_to_the_new_task():
    own = PeriodicTask.objects.create(
        name="Mails at noon", task="drivers.send_mails", crontab=CrontabSchedule.objects.create(hour="12")
    )
    register()
    own.refresh_from_db()
    assert (own.name, own.task, own.args, own.enabled) == ("Mails at noon", TASK, '["Send mails"]', True)


def test_row_that_the_table_no_longer_has_is_removed_and_strangers_stay():
    PeriodicTask.objects.create(name="Count stars", task=TASK, args='["Count stars"]', interval=every(60))
    PeriodicTask.objects.create(name="Somebody's", task="somebody.else", interval=every(60))
    assert register() == f"{len(ROWS)} created, 0 kept, 1 removed."
    assert ours().count() == len(ROWS) + 1


def test_every_former_task_leads_to_rows_of_the_table():
    named = [name for names in FORMER_TASKS.values() for name in names]
    # These came later, and never were tasks of their own.
    later = [
        "Ask for energy signals",
        "Clear what is over its time",
        "Compare sessions with charging at once",
        "Judge the alarms of clusters",
        "Judge the alarms of the server",
        "Measure what aims cost",
        "Publish prices that follow the market",
        "Send alarms",
        "Send web pushes",
    ]
    assert sorted([*named, *later]) == sorted(row.name for row in ROWS)
