"""A cluster's month as a workbook."""

from datetime import date

import pytest

from pricing.domain.papers.accounts import account_sheets
from pricing.domain.reports.accounts import read_account
from tests.pricing.domain.reports.test_accounts import MORNING, cluster, night  # noqa: F401

pytestmark = pytest.mark.django_db


def test_workbook_has_figures_days_and_loads(cluster, night):  # noqa: F811
    figures, days, loads = account_sheets(read_account(cluster, month=date(2026, 3, 1), now=MORNING))
    assert ("Revenue", "2.40 €") in figures.rows
    assert [str(cell) for cell in days.rows[0]] == ["2026-03-03", "8", "2.40", "0.00"]
    # From the first of March, midnight in Berlin, to the quarter before now.
    assert (loads.rows[0][0], len(loads.rows)) == ("2026-02-28T23:00+00:00", (24 + 24 + 6) * 4)
