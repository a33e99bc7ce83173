"""A month on statements: drafted, reviewed, issued; nothing lost, nothing twice, nothing changed afterwards."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from evbalancer.common.errors import InvalidInput
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from grid.models.audit import AppendOnlyError
from pricing.domain.statements.credits import cancel_statement
from pricing.domain.statements.lines import month_after
from pricing.domain.statements.months import draft_month, issue_month, month_totals, review_month
from pricing.enums import LineKind, StatementState
from pricing.errors import MonthNotOver, NotReviewed
from pricing.models import BillingDetails, BillLine, Statement, StatementItem, TaxRate
from tests.examples import examples
from tests.factories.drivers import DriverFactory, FlatFactory
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import BillLineFactory

pytestmark = pytest.mark.django_db
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
LATER = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)


@pytest.fixture
def community():
    return CommunityFactory(time_zone="Europe/Berlin")


def issue(community, month=NOVEMBER, now=NOW):
    row = draft_month(community, month=month, actor=SYSTEM, now=now)
    review_month(row, actor=SYSTEM, now=now)
    return issue_month(row, actor=SYSTEM, now=now)


def adjust(line, amount_minor):
    """A meter that came late: the line of a session of long ago."""
    return BillLineFactory(
        driver=line.driver,
        session=line.session,
        kind=LineKind.ADJUSTMENT,
        energy_wh=1_000,
        amount_minor=amount_minor,
        started_at=line.started_at,
        ended_at=line.ended_at,
    )


def test_month_is_drafted_reviewed_and_issued(community):
    ada, bo = (DriverFactory(community=community, name=name) for name in ("Ada", "Bo"))
    for driver, amount_minor in ((bo, 300), (ada, 200), (ada, 50)):
        BillLineFactory(driver=driver, amount_minor=amount_minor)
    row = draft_month(community, month=date(2026, 11, 17), actor=SYSTEM, now=NOW)
    assert month_totals(row) == [
        {"state": "draft", "currency": "EUR", "count": 2, "energy_wh": 30_000, "total_minor": 550}
    ]
    review_month(row, actor=SYSTEM, now=NOW)
    issued = issue_month(row, actor=SYSTEM, now=NOW)
    assert [(each.label, each.driver.name, each.total_minor) for each in issued] == [
        ("2026-0001", "Ada", 250),
        ("2026-0002", "Bo", 300),
    ]
    assert issued[0].due_on == date(2026, 12, 15)
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert actions == {"month.drafted", "month.reviewed", "month.issued", "statement.issued"}


def test_running_month_and_a_year_of_long_ago_are_not_drafted(community):
    with pytest.raises(MonthNotOver):
        draft_month(community, month=DECEMBER, actor=SYSTEM, now=NOW)
    with pytest.raises(InvalidInput):
        draft_month(community, month=date(1999, 1, 1), actor=SYSTEM, now=NOW)
    # Five minutes before local midnight, when UTC is an hour behind.
    with pytest.raises(MonthNotOver):
        draft_month(community, month=NOVEMBER, actor=SYSTEM, now=datetime(2026, 11, 30, 22, 55, tzinfo=UTC))


def test_nothing_is_issued_without_a_review(community):
    row = draft_month(community, month=NOVEMBER, actor=SYSTEM, now=NOW)
    with pytest.raises(NotReviewed):
        review_month(row, actor=SYSTEM, now=NOW)
    BillLineFactory(driver=DriverFactory(community=community))
    row = draft_month(community, month=NOVEMBER, actor=SYSTEM, now=NOW)
    with pytest.raises(NotReviewed):
        issue_month(row, actor=SYSTEM, now=NOW)


def test_drafting_again_takes_what_came_meanwhile_and_asks_for_another_review(community):
    driver = DriverFactory(community=community)
    BillLineFactory(driver=driver)
    row = draft_month(community, month=NOVEMBER, actor=SYSTEM, now=NOW)
    review_month(row, actor=SYSTEM, now=NOW)
    BillLineFactory(driver=driver, amount_minor=20)
    row = draft_month(community, month=NOVEMBER, actor=SYSTEM, now=NOW)
    statement = Statement.objects.get()
    assert (statement.total_minor, statement.state, row.reviewed_at) == (320, StatementState.DRAFT, None)


def test_number_begins_again_in_each_year_and_community(community):
    BillingDetails.objects.create(community=community, prefix="MC-")
    BillLineFactory(driver=DriverFactory(community=community))
    other = BillLineFactory()
    assert [each.label for each in issue(community)] == ["MC-2026-0001"]
    assert [each.label for each in issue(other.community)] == ["2026-0001"]
    BillLineFactory(driver=DriverFactory(community=community), started_at=datetime(2026, 12, 9, tzinfo=UTC))
    assert [each.label for each in issue(community, DECEMBER, LATER)] == ["MC-2027-0001"]


def test_late_correction_goes_onto_the_next_statement_and_is_marked(community):
    line = BillLineFactory(driver=DriverFactory(community=community))
    [first] = issue(community)
    adjust(line, -60)
    [second] = issue(community, DECEMBER, LATER)
    assert (first.total_minor, second.total_minor) == (300, -60)
    assert [each["is_late"] for each in second.document["lines"]] == [True]
    assert [each["is_late"] for each in first.document["lines"]] == [False]


def test_issued_statement_neither_changes_nor_goes(community):
    BillLineFactory(driver=DriverFactory(community=community))
    [statement] = issue(community)
    item = statement.items.get()
    attempts = [
        statement.save,
        statement.delete,
        item.save,
        item.delete,
        Statement.objects.all().delete,
        StatementItem.objects.all().delete,
        lambda: Statement.objects.update(total_minor=1),
        lambda: StatementItem.objects.update(amount_minor=1),
    ]
    for attempt in attempts:
        with pytest.raises(AppendOnlyError):
            attempt()
    assert Statement.objects.get().total_minor == 300


def test_paper_keeps_what_was_true_when_it_was_issued(community):
    driver = DriverFactory(community=community, name="Ada", unit="3B")
    BillLineFactory(driver=driver)
    [statement] = issue(community)
    driver.name = "Former driver"
    driver.save()
    statement.refresh_from_db()
    assert statement.document["recipient"] == {"name": "Ada", "unit": "3B", "address": ""}


def test_surcharge_names_no_energy_a_second_time(community):
    line = BillLineFactory(driver=DriverFactory(community=community))
    BillLineFactory(driver=line.driver, session=line.session, kind=LineKind.EMERGENCY, amount_minor=100)
    [statement] = issue(community)
    assert (statement.energy_wh, statement.total_minor) == (10_000, 400)


def test_tax_is_that_of_the_day_on_which_the_energy_flowed(community):
    TaxRate.objects.create(community=community, valid_from=date(2026, 11, 10), rate_bp=1900)
    driver = DriverFactory(community=community)
    BillLineFactory(driver=driver, amount_minor=1190)
    BillLineFactory(driver=driver, amount_minor=100, started_at=datetime(2026, 11, 9, 12, tzinfo=UTC))
    [statement] = issue(community)
    assert statement.document["taxes"] == [
        {"rate_bp": 1900, "net_minor": 1000, "tax_minor": 190, "gross_minor": 1190}
    ]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["charge", "adjust", "draft", "issue", "cancel", "move"]), st.integers(0, 10_000)
    ),
    max_size=14,
)


@pytest.mark.property
@examples(25, suppress=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
@example(
    events=[("charge", 600), ("charge", 601), ("issue", 0), ("cancel", 0), ("adjust", 4_000), ("move", 0)]
)
@example(events=[("charge", 600), ("draft", 0), ("adjust", 9_000), ("issue", 0), ("adjust", 1), ("draft", 0)])
def test_each_bill_line_stands_on_one_standing_statement_after_all_months_are_issued(events):
    community = CommunityFactory(time_zone="Europe/Berlin")
    flat = FlatFactory(community=community, billed_together=True)
    drivers = [DriverFactory(community=community, flat=each) for each in (None, flat, flat)]
    month, lines = date(2026, 1, 1), []
    for event, chance in events:
        first_of_next = month_after(month)
        now = datetime(first_of_next.year, first_of_next.month, 2, tzinfo=UTC)
        if event == "charge":
            started_at = datetime(month.year, month.month, 1, tzinfo=UTC) + timedelta(minutes=chance * 4)
            lines.append(
                BillLineFactory(driver=drivers[chance % 3], amount_minor=chance, started_at=started_at)
            )
        elif event == "adjust" and lines:
            lines.append(adjust(lines[chance % len(lines)], chance - 5_000))
        elif event == "draft":
            draft_month(community, month=month, actor=SYSTEM, now=now)
        elif event == "move":
            drivers[0].flat = flat if drivers[0].flat is None else None
            drivers[0].save()
        elif event == "cancel":
            issued = Statement.objects.filter(
                kind="statement", state="issued", total_minor__gte=0, credit_notes=None
            )
            for statement in issued[:1]:
                cancel_statement(statement, reason="wrong", actor=SYSTEM, now=now)
        elif event == "issue":
            _issue_if_any(community, month, now)
            month = first_of_next
    for _ in range(2):
        first_of_next = month_after(month)
        _issue_if_any(community, month, datetime(first_of_next.year, first_of_next.month, 2, tzinfo=UTC))
        month = first_of_next
    assert_each_once(community)


def _issue_if_any(community, month, now):
    row = draft_month(community, month=month, actor=SYSTEM, now=now)
    if row.statements.filter(state=StatementState.DRAFT).exists():
        review_month(row, actor=SYSTEM, now=now)
        issue_month(row, actor=SYSTEM, now=now)


def assert_each_once(community):
    rows = StatementItem.objects.filter(
        community=community, statement__state=StatementState.ISSUED, bill_line__isnull=False
    )
    standing = sorted(rows.filter(reversed_by=None).values_list("bill_line", flat=True))
    assert standing == sorted(BillLine.objects.filter(community=community).values_list("pk", flat=True))
    for statement in Statement.objects.filter(community=community):
        items = statement.items.all()
        assert statement.total_minor == sum(item.amount_minor for item in items)
        assert statement.total_minor == sum(line["amount_minor"] for line in statement.document["lines"])
    numbers = Statement.objects.filter(community=community).order_by("number")
    by_year = {}
    for year, number in numbers.values_list("year", "number"):
        by_year.setdefault(year, []).append(number)
    assert all(found == list(range(1, len(found) + 1)) for found in by_year.values())
