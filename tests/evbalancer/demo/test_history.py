"""What the demo seeds in bulk is what the product would have written."""

from datetime import UTC, date, datetime

import pytest

from chargers.models import Session
from drivers.models import Strike
from evbalancer.demo import seed
from pricing.domain.billing import cost_so_far_minor
from pricing.domain.reports.accounts import read_account
from pricing.domain.reports.profiles import facts_of
from pricing.enums import LineKind
from pricing.models import BillLine, LoadProfile, Statement
from scheduling.models import AbuseFinding, EmergencyRequest

pytestmark = pytest.mark.django_db
# The month before last has the change of the clocks in October.
NOW = datetime(2026, 12, 10, 18, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def cluster(django_db_setup, django_db_blocker):
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        yield seed.seed(now=NOW)
        transaction.set_rollback(True)


def test_bills_and_profiles_are_those_of_the_real_functions(cluster):
    lines = BillLine.objects.filter(kind=LineKind.ENERGY).order_by("ended_at")
    for line in lines.select_related("session__community")[::60]:
        session = line.session
        assert cost_so_far_minor(session, now=NOW) == line.amount_minor
        profile = LoadProfile.objects.get(session=session)
        facts = facts_of(line)
        assert {name: getattr(profile, name) for name in facts} == facts


def test_cars_stayed_within_the_transformer_and_saved_money(cluster):
    account = read_account(cluster, month=date(2026, 11, 1), now=NOW)
    assert account.sessions > 200
    assert max(account.loads.actual_w) <= account.loads.limit_w
    assert account.saving.saved_minor > 10_000
    assert account.margin_minor is not None
    assert account.unmeasured == 0


def test_one_month_is_issued_with_a_credit_note_and_one_waits_for_review(cluster):
    by_state = {}
    for statement in Statement.objects.select_related("month"):
        by_state.setdefault((statement.month.first_day, statement.state, statement.kind), []).append(
            statement
        )
    assert set(by_state) == {
        (date(2026, 10, 1), "issued", "statement"),
        (date(2026, 10, 1), "issued", "credit"),
        (date(2026, 11, 1), "draft", "statement"),
    }
    numbers = sorted(
        row.number for (_, state, _), rows in by_state.items() if state == "issued" for row in rows
    )
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_manager_finds_something_to_decide(cluster):
    assert EmergencyRequest.objects.filter(state="pending").count() == 1
    assert AbuseFinding.objects.filter(state="open").count() == 1
    assert Strike.objects.exclude(appealed_at=None).filter(appeal_decided_at=None).count() == 1
    assert not Session.objects.filter(unplugged_at__gt=NOW).exists()
