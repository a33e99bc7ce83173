"""Events as known nodes and both versions of the specification write them."""

from datetime import UTC, datetime, timedelta

import pytest

from evbalancer.common.units import PhaseMilliamps
from grid.openadr.event import UnreadableEvent, digest_of, lacks_units, read_event

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
PERMANENT = PhaseMilliamps(48_000, 48_000, 32_000)


def minutes(*numbers):
    return [NOW + timedelta(minutes=number) for number in numbers]


def event(*intervals, period=None, units="KW", **rest):
    return {
        "id": "e1",
        "payloadDescriptors": [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": units}],
        "intervalPeriod": period,
        "intervals": [*intervals],
    } | rest


def interval(*values, **period):
    row = {"payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [*values]}]}
    return row | ({"intervalPeriod": period} if period else {})


def read(found, *, now=NOW, first_seen_at=NOW):
    return read_event(found, first_seen_at=first_seen_at, now=now, program_units={})


def spans(found, **times):
    return [(ask.begin, ask.until) for ask in read(found, **times).asks]


@pytest.mark.parametrize(
    ("duration", "until"),
    [
        ("PT1H", NOW + timedelta(hours=1)),
        ("P0Y0M0DT1H0M0S", NOW + timedelta(hours=1)),
        ("PT0.5H", NOW + timedelta(minutes=30)),
        ("P1W", NOW + timedelta(weeks=1)),
        ("P1Y", datetime(2027, 3, 2, 18, 0, tzinfo=UTC)),
        ("P1M", datetime(2026, 4, 2, 18, 0, tzinfo=UTC)),
        ("P9999Y", None),
        ("P8000Y", None),
        (None, None),
    ],
)
def test_durations_are_those_of_iso_8601(duration, until):
    period = {"start": NOW.isoformat(), "duration": duration}
    assert spans(event(interval(5), period=period)) == [(NOW, until)]


def test_duration_of_nothing_cancels():
    reading = read(event(interval(5), period={"start": "0001-01-01", "duration": "PT0S"}))
    assert (reading.asks, reading.troubles) == ([], [])


@pytest.mark.parametrize("start", [{"start": "0001-01-01T00:00:00"}, {"start": "0001-01-01"}, {}])
def test_later_interval_without_a_start_of_its_own_follows_the_one_before(start):
    zero, fifteen, forty = minutes(0, 15, 40)
    found = event(
        interval(9, start=NOW.isoformat(), duration="PT15M"), interval(6, **start, duration="PT25M")
    )
    assert spans(found) == [(zero, fifteen), (fifteen, forty)]


def test_first_interval_that_begins_now_begins_with_its_event():
    ten, twenty = minutes(10, 20)
    period = {"start": ten.isoformat(), "duration": "PT1H"}
    found = event(interval(9, start="0001-01-01", duration="PT10M"), period=period)
    assert spans(found) == [(ten, twenty)]


def test_now_is_when_the_event_was_first_seen():
    period = {"start": "0001-01-01T00:00:00Z", "duration": "PT30M"}
    zero, thirty, sixty = minutes(0, 30, 60)
    assert spans(event(interval(9), interval(6), period=period), now=minutes(31)[0]) == [
        (zero, thirty), (thirty, sixty),
    ]  # fmt: skip


def test_values_of_one_interval_share_its_time():
    zero, thirty, sixty = minutes(0, 30, 60)
    found = event(interval(9, 6), period={"start": NOW.isoformat(), "duration": "PT1H"})
    assert spans(found) == [(zero, thirty), (thirty, sixty)]


def test_duration_of_the_event_cuts_its_intervals_off():
    zero, thirty, forty = minutes(0, 30, 40)
    period = {"start": NOW.isoformat(), "duration": "PT30M"}
    found = event(interval(9), interval(6), interval(3), period=period, duration="PT40M")
    assert spans(found) == [(zero, thirty), (thirty, forty)]


@pytest.mark.parametrize("duration", ["P7D", "P9999Y"])
def test_duration_of_the_event_repeats_its_intervals(duration):
    period = {"start": NOW.isoformat(), "duration": "PT12H"}
    found = event(interval(9), interval(6), period=period, duration=duration)
    now = NOW + timedelta(days=3, hours=13)
    due = [ask for ask in read(found, now=now).asks if ask.begin <= now < ask.until]
    assert [(ask.amount.power_va, ask.begin) for ask in due] == [(6_000, NOW + timedelta(days=3, hours=12))]
    assert spans(found | {"duration": "P2D"}, now=now) == []


@pytest.mark.parametrize(
    ("value", "units", "limit_ma"),
    [
        (6.9, "KW", (10_000, 10_000, 10_000)),
        (6.9, "KVA", (10_000, 10_000, 10_000)),
        (6_900, "W", (10_000, 10_000, 10_000)),
        (16, "AMPS", (16_000, 16_000, 16_000)),
        (40, "AMPS", (40_000, 40_000, 32_000)),
        (0.5, "PERCENT", (24_000, 24_000, 16_000)),
        (50, "PERCENT", (24_000, 24_000, 16_000)),
        (50, "%", (24_000, 24_000, 16_000)),
        (-3, "KW", (0, 0, 0)),
        (6.9, "kw", (10_000, 10_000, 10_000)),
    ],
)
def test_units_of_power_and_current(value, units, limit_ma):
    (ask,) = read(event(interval(value, start="0001-01-01"), units=units)).asks
    assert ask.amount.limit_ma(PERMANENT, voltage_v=230) == limit_ma


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (interval("much", start=NOW.isoformat()), "an interval's payload can't be read"),
        (interval(float("nan"), start=NOW.isoformat()), "a value is no number"),
        (interval(True, start=NOW.isoformat()), "a value is no number"),
        (interval(start=NOW.isoformat()), "a IMPORT_CAPACITY_LIMIT has no value"),
        (interval(5, start="soon"), '"soon" is no time'),
        (interval(5, start=NOW.isoformat(), duration="-PT1H"), '"-PT1H" is below nothing'),
        (interval(5, start=NOW.isoformat(), duration=[1]), '"[1]" is no duration'),
        (7, "an interval's period can't be read"),
        (
            {"payloads": 3, "intervalPeriod": {"start": NOW.isoformat()}},
            "an interval's payload can't be read",
        ),
    ],
)
def test_bad_interval_leaves_the_good_ones_and_is_said(bad, said):
    good = interval(6, start=NOW.isoformat(), duration="PT1H")
    for found in (event(bad, good), event(good, bad)):
        reading = read(found)
        assert [ask.until for ask in reading.asks] == [NOW + timedelta(hours=1)]
        assert reading.troubles == [said]


def test_interval_after_one_without_an_end_is_said():
    assert read(event(interval(9, start=NOW.isoformat()), interval(6))).troubles == [
        "an interval follows one that has no end or can't be read"
    ]


@pytest.mark.parametrize("intervals", [None, 7, {}, [{}] * 501])
def test_event_without_a_list_of_intervals_is_unreadable(intervals):
    with pytest.raises(UnreadableEvent, match="no list"):
        read(event(intervals=intervals))


def test_digest_follows_what_is_asked_and_not_the_rest():
    first = event(interval(5), modificationDateTime="2026-03-02T12:00:00Z")
    assert digest_of(first) == digest_of(first | {"modificationDateTime": "later", "targets": ["x"]})
    assert digest_of(first) != digest_of(event(interval(6)))


def test_event_lacks_units_only_where_it_limits_power():
    assert lacks_units(event(interval(5), payloadDescriptors=None))
    assert not lacks_units(event(interval(5)))
    assert not lacks_units({"intervals": [{"payloads": [{"type": "SIMPLE", "values": [1]}]}]})
    assert lacks_units(event(7, {"payloads": None}, interval(5), payloadDescriptors=None))
    assert not lacks_units(7)
    assert not lacks_units({"intervals": 7})


def test_units_that_are_no_list_are_read():
    found = event(interval(6_900, start="0001-01-01"))
    found["payloadDescriptors"] = {"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "W"}
    (ask,) = read(found).asks
    assert ask.amount.limit_ma(PERMANENT, voltage_v=230) == (10_000, 10_000, 10_000)


def test_share_above_all_of_it_is_said():
    assert read(event(interval(101, start="0001-01-01"), units="PERCENT")).troubles == [
        "101 PERCENT is no limit of power or current"
    ]
