from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from drivers.domain.channels.quiet import check_quiet_hours, quiet_until
from drivers.models import Preference
from evbalancer.common.errors import InvalidInput

BERLIN = ZoneInfo("Europe/Berlin")


def until(begin: int | None, end: int | None, hour: int, minute: int = 0) -> str | None:
    now = datetime(2026, 11, 2, hour, minute, tzinfo=BERLIN)
    found = quiet_until(Preference(quiet_from_min=begin, quiet_until_min=end), zone=BERLIN, now=now)
    return found and found.strftime("%d %H:%M")


def test_quiet_hours_end_today_or_tomorrow() -> None:
    night = (22 * 60, 7 * 60)
    assert [until(*night, hour) for hour in (21, 22, 23, 3)] == [None, "03 07:00", "03 07:00", "02 07:00"]
    assert until(*night, 7) is None
    assert [until(13 * 60, 14 * 60 + 30, 13, 59), until(13 * 60, 14 * 60 + 30, 14, 30)] == ["02 14:30", None]
    assert until(None, None, 3) is None


@pytest.mark.parametrize("pair", [(5, None), (None, 5), (5, 5)])
def test_quiet_hours_that_are_none_are_refused(pair: tuple[int | None, int | None]) -> None:
    with pytest.raises(InvalidInput):
        check_quiet_hours(*pair)
