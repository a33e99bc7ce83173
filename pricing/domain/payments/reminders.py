"""Words about statements: that one is there, and to those who have not paid at most three reminders, a week apart."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max

from drivers.domain.notifications import News, notify_all, notify_each
from drivers.enums import NotificationKind
from drivers.models import Driver
from evbalancer.common.words.said import Said
from grid.domain import audit
from grid.models import Community
from pricing.domain.payments.receipts import open_items
from pricing.models import Reminder, Statement

MOST: Final = 3
APART: Final = timedelta(days=7)


@transaction.atomic
def remind_overdue(community: Community, *, actor: audit.Actor, now: datetime) -> list[Reminder]:
    """Remind the recipients of every statement that is overdue and was not reminded of in the last week."""
    today = now.astimezone(ZoneInfo(community.time_zone)).date()
    rows = open_items(Statement.objects.filter(community=community, due_on__lt=today))
    rows = rows.annotate(level=Max("reminders__level"), last=Max("reminders__sent_at"))
    return [
        _remind(row, actor=actor, now=now)
        for row in rows.select_related("driver", "flat")
        if row.open_minor > 0 and (row.level or 0) < MOST and (row.last is None or row.last <= now - APART)
    ]


def _remind(statement: Any, *, actor: audit.Actor, now: datetime) -> Reminder:
    level = (statement.level or 0) + 1
    owed_minor = int(statement.open_minor)
    reminder: Reminder = Reminder.objects.create(
        community_id=statement.community_id,
        statement=statement,
        level=level,
        open_minor=owed_minor,
        sent_at=now,
    )
    notify_all(
        find_recipients(statement),
        kind=NotificationKind.STATEMENT,
        said=Said(
            "statement.overdue",
            {
                "number": statement.label,
                "sum": f"{owed_minor / 100:.2f} {statement.currency}",
                "day": f"{statement.due_on}",
            },
        ),
        about=f"reminder:{level}:{statement.pk}",
        now=now,
    )
    audit.record_entry(
        actor=actor, action="statement.reminded", target=statement, now=now, after={"level": level}
    )
    return reminder


def announce_statements(statements: Iterable[Statement], *, now: datetime) -> None:
    """Those whom each is about hear of it once: in the app, and by mail if they like."""
    news = [
        News(driver, _issued(statement), f"statement:{statement.pk}")
        for statement in statements
        for driver in find_recipients(statement)
    ]
    notify_each(news, kind=NotificationKind.STATEMENT, now=now)


def _issued(statement: Statement) -> Said:
    total = f"{statement.total_minor / 100:.2f} {statement.currency}"
    return Said("statement.issued", {"number": statement.label, "month": f"{statement.month}", "sum": total})


def find_recipients(statement: Statement) -> list[Driver]:
    """The driver, or those of the flat who charged on it."""
    if statement.driver is not None:
        return [statement.driver]
    charged = Driver.objects.filter(bill_lines__statement_items__statement=statement)
    return list(charged.distinct()) if statement.flat_id else []
