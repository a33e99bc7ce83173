"""Words about statements: once when they are there, and three times at most when they are overdue."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drivers.domain.notifications import send_due_mails
from drivers.models import Notification
from grid.domain.audit import SYSTEM
from pricing.domain.payments.receipts import enter_payment
from pricing.domain.payments.reminders import announce_statements, find_recipients, remind_overdue
from pricing.enums import PaymentKind
from pricing.models import Reminder, Statement
from tests.factories.drivers import DriverFactory, FlatFactory

DUE = timedelta(days=15)


def remind(community, at):
    return remind_overdue(community, actor=SYSTEM, now=at)


def test_issued_statement_is_announced_by_mail(issue, driver, now):
    issue(1_234, driver=driver)
    assert send_due_mails(now=now) == 1
    assert mail.outbox[0].to == ["ada@example.org"]
    assert "2026-0001 of 2026-11 over 12.34 EUR" in mail.outbox[0].body


def test_overdue_statement_is_reminded_of_three_times_a_week_apart(community, issue, driver, now):
    issue(500, driver=driver)
    assert remind(community, now) == []
    weeks = [now + DUE + timedelta(days=7 * week) for week in range(5)]
    assert [len(remind(community, at)) for at in weeks] == [1, 1, 1, 0, 0]
    assert remind(community, weeks[0] + timedelta(days=1)) == []
    assert sorted(Reminder.objects.values_list("level", "open_minor")) == [(1, 500), (2, 500), (3, 500)]
    assert Notification.objects.filter(said__code="statement.overdue").count() == 3


def test_second_reminder_comes_not_before_a_week(community, issue, driver, now):
    issue(500, driver=driver)
    assert len(remind(community, now + DUE)) == 1
    assert remind(community, now + DUE + timedelta(days=6)) == []


def test_what_is_paid_is_not_reminded_of(community, issue, driver, now):
    statement = issue(500, driver=driver)
    enter_payment(
        statement, amount_minor=500, way=PaymentKind.ACCOUNT, paid_on=now.date(), actor=SYSTEM, now=now
    )
    assert remind(community, now + DUE) == []


@pytest.mark.django_db
def test_statement_of_a_flat_is_told_to_those_who_charged_on_it(community, issue):
    flat = FlatFactory(community=community, billed_together=True)
    charged = DriverFactory(community=community, flat=flat)
    DriverFactory(community=community, flat=flat)
    issue(500, driver=charged)
    assert find_recipients(Statement.objects.get()) == [charged]
    assert Notification.objects.get().driver == charged


@pytest.mark.django_db
def test_statements_of_a_month_are_announced_in_as_many_queries_as_one(
    community, issue, now, django_assert_num_queries
):
    """A community of a thousand drivers is told in seconds; each hears of their own statement and of its sum."""
    statements = [issue(100 * n, driver=DriverFactory(community=community)) for n in range(1, 4)]
    Notification.objects.all().delete()
    with CaptureQueriesContext(connection) as alone:
        announce_statements(statements[:1], now=now)
    Notification.objects.all().delete()
    with django_assert_num_queries(len(alone)):
        announce_statements(statements, now=now)
    told = {(each.driver_id, each.said.facts["sum"]) for each in Notification.objects.all()}
    assert told == {(each.driver_id, f"{n}.00 EUR") for n, each in enumerate(statements, 1)}
    announce_statements(statements, now=now)
    assert Notification.objects.count() == 3
