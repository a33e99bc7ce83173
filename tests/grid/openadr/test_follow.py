"""Events of a virtual top node become temporary limits, once each, and follow what becomes of them."""

from datetime import UTC, datetime, timedelta

import pytest

from evbalancer.common.security import encryption
from grid.models import AuditEntry, DemandProgram, TemporaryLimit
from grid.openadr import client
from grid.openadr.follow import poll_all
from tests.factories.grid import CircuitFactory
from tests.fakevtn.server import SECRET, FakeVtn

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def vtn():
    with FakeVtn() as node:
        yield node


@pytest.fixture
def program(vtn):
    circuit = CircuitFactory()
    return DemandProgram.objects.create(
        community=circuit.community, circuit=circuit, name="City grid", vtn_url=f"{vtn.url}/openadr3/3.0.1",
        token_url=f"{vtn.url}/token", client_id="ven", client_secret_encrypted=encryption.encrypt(SECRET), program_id="p1",
    )  # fmt: skip


def event(
    kind="IMPORT_CAPACITY_LIMIT", *values, begin=NOW, duration="PT1H", version=1, event_id="e1", **rest
):
    return {
        "id": event_id, "programID": "p1", "modificationDateTime": f"2026-03-02T12:00:0{version}Z",
        "payloadDescriptors": [{"payloadType": kind, "units": "KW"}],
        "intervalPeriod": {"start": begin.isoformat() if isinstance(begin, datetime) else begin, "duration": duration},
        "intervals": [{"id": n, "payloads": [{"type": kind, "values": [value]}]} for n, value in enumerate(values or (13.8,))],
    } | rest  # fmt: skip


def open_limits(now=NOW):
    rows = TemporaryLimit.objects.filter(cancelled_at=None).order_by("limit_l1_ma")
    return [(row.limit_l1_ma, row.until) for row in rows if row.until is None or row.until > now]


def test_capacity_limit_becomes_a_temporary_limit_once(program, vtn):
    vtn.events = [event(), event(event_id="other", programID="p2")]
    for _ in range(3):
        poll_all(now=NOW)
    limit = TemporaryLimit.objects.get()
    assert (limit.circuit, limit.limit_ma) == (program.circuit, (20_000,) * 3)
    assert (limit.source, limit.until) == ("demand_response", NOW + timedelta(hours=1))
    assert limit.reason_told == "City grid: demand response"
    assert AuditEntry.objects.get(action="limit.imposed").actor_label == "City grid"
    program.refresh_from_db()
    assert (program.error, program.polled_at) == ("", NOW)


@pytest.mark.parametrize(
    ("asked", "limit_ma"),
    [
        (event("SIMPLE", 2), [19_200]),
        (event("SIMPLE", 0), []),
        (event("DISPATCH_SETPOINT", 6.9), [10_000]),
        (event("IMPORT_CAPACITY_LIMIT", 999), [48_000]),
        (event("IMPORT_CAPACITY_LIMIT", -5), [0]),
        (event("PRICE", 0.2), []),
        (event(payloadDescriptors=[{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "W"}]), [18]),
    ],
)
def test_each_kind_of_payload(program, vtn, asked, limit_ma):
    vtn.events = [asked]
    poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == limit_ma


def test_changed_event_replaces_its_limit_and_a_cancelled_one_lifts_it(program, vtn):
    vtn.events = [event()]
    poll_all(now=NOW)
    vtn.events = [event("IMPORT_CAPACITY_LIMIT", 6.9, version=2)]
    poll_all(now=NOW)
    assert open_limits() == [(10_000, NOW + timedelta(hours=1))]
    vtn.events = []
    poll_all(now=NOW + timedelta(minutes=5))
    assert open_limits() == []
    assert TemporaryLimit.objects.count() == 2


def test_intervals_follow_each_other_and_are_taken_when_they_are_near(program, vtn):
    vtn.events = [
        event("IMPORT_CAPACITY_LIMIT", 13.8, 6.9, begin=NOW + timedelta(minutes=30), duration="PT15M")
    ]
    seen = []
    for minutes in (0, 29, 44, 46, 61):
        now = NOW + timedelta(minutes=minutes)
        poll_all(now=now)
        seen.append([each for each, _ in open_limits(now)])
    assert seen == [[], [20_000], [10_000, 20_000], [10_000], []]


@pytest.mark.parametrize("begin", ["0000-00-00T00:00:00Z", "0001-01-01", "0001-01-01T00:00:00"])
def test_event_without_an_end_holds_until_it_goes(program, vtn, begin):
    vtn.events = [event(begin=begin, duration="P9999Y")]
    poll_all(now=NOW)
    poll_all(now=NOW + timedelta(days=3))
    assert open_limits(NOW + timedelta(days=3)) == [(20_000, None)]


@pytest.mark.parametrize("status", [401, 500, 302])
def test_node_that_does_not_answer_leaves_limits_as_they_are(program, vtn, status):
    vtn.events = [event()]
    poll_all(now=NOW)
    vtn.status = status
    poll_all(now=NOW + timedelta(minutes=1))
    assert len(open_limits()) == 1
    program.refresh_from_db()
    assert program.error == f"The node answered {status}."


@pytest.mark.parametrize(
    "broken", [{"intervals": 7}, {"intervals": [{}]}, {"intervalPeriod": {"start": "soon"}}]
)
def test_event_that_becomes_unreadable_keeps_its_limit_and_harms_no_other(program, vtn, broken):
    vtn.events = [event()]
    poll_all(now=NOW)
    vtn.events = [event(**broken), event("SIMPLE", 3, event_id="e2"), 7]
    poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == [0, 20_000]
    program.refresh_from_db()
    assert "Event e1: " in program.error
    assert "Event ?: it has no id." in program.error


def test_more_than_a_page_of_events_is_read(program, vtn):
    vtn.events = [event("SIMPLE", 0, event_id=str(number)) for number in range(50)] + [event()]
    poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == [20_000]


def limits_over_time(program, vtn, *minutes):
    """The limits in force so many minutes after NOW, asked for each time as the beat does."""
    seen = []
    for minute in minutes:
        now = NOW + timedelta(minutes=minute)
        poll_all(now=now)
        rows = TemporaryLimit.objects.filter(cancelled_at=None, until__gt=now, effective_at__lte=now)
        seen.append(sorted(row.limit_l1_ma for row in rows))
    return seen


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00Z", "0001-01-01", "0000-00-00T00:00:00Z"])
def test_event_that_begins_now_comes_to_its_later_intervals(program, vtn, start):
    vtn.events = [event("IMPORT_CAPACITY_LIMIT", 13.8, 6.9, begin=start, duration="PT30M")]
    assert limits_over_time(program, vtn, 0, 1, 15, 29, 31, 59, 61) == [
        [], [20_000], [20_000], [20_000], [10_000], [10_000], [],
    ]  # fmt: skip


def test_event_that_begins_now_begins_again_when_it_asks_for_something_else(program, vtn):
    vtn.events = [event("IMPORT_CAPACITY_LIMIT", 13.8, begin="0001-01-01", duration="PT30M")]
    poll_all(now=NOW)
    vtn.events = [event("IMPORT_CAPACITY_LIMIT", 6.9, begin="0001-01-01", duration="PT30M", version=2)]
    poll_all(now=NOW + timedelta(minutes=20))
    assert open_limits() == [(10_000, NOW + timedelta(minutes=50))]
    vtn.events = [vtn.events[0] | {"eventName": "renamed", "modificationDateTime": "2026-03-02T18:30:00Z"}]
    poll_all(now=NOW + timedelta(minutes=30))
    assert open_limits() == [(10_000, NOW + timedelta(minutes=50))]


def test_units_of_the_program_count_where_the_event_names_none(program, vtn):
    vtn.programs["p1"] = {"payloadDescriptors": [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "W"}]}
    vtn.events = [event("IMPORT_CAPACITY_LIMIT", 13_800, payloadDescriptors=None)]
    poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == [20_000]


def test_event_with_units_of_its_own_needs_no_program(program, vtn):
    vtn.events = [event()]
    poll_all(now=NOW)
    assert not [path for path in vtn.asked if "/programs/" in path]


@pytest.mark.parametrize(
    ("names", "targets", "is_followed"),
    [
        ({}, [{"type": "VEN_NAME", "values": ["somebody else"]}], False),
        ({}, [{"type": "VEN_NAME", "values": ["ven"]}], True),
        ({"ven_name": "Maple"}, [{"type": "VEN_NAME", "values": ["x", "maple"]}], True),
        ({"target_groups": "north, south"}, [{"type": "GROUP", "values": ["south"]}], True),
        ({"target_groups": "north"}, [{"type": "GROUP", "values": ["west"]}], False),
        ({"target_resources": "garage"}, [{"type": "RESOURCE_NAME", "values": ["garage"]}], True),
        ({"target_groups": "north"}, ["west", "north"], True),
        ({}, ["west"], False),
        ({}, [{"type": "SERVICE_AREA", "values": ["west"]}], True),
        ({}, [], True),
        ({}, None, True),
    ],
)
def test_events_for_others_are_left_to_them(program, vtn, names, targets, is_followed):
    DemandProgram.objects.update(**names)
    vtn.events = [event(targets=targets)]
    poll_all(now=NOW)
    assert bool(open_limits()) is is_followed
    program.refresh_from_db()
    assert (program.error, program.events_for_others) == ("", int(not is_followed))


def test_event_that_is_half_readable_is_followed_as_far_as_it_goes_and_named(program, vtn):
    half = event("IMPORT_CAPACITY_LIMIT", 13.8, 6.9, duration="PT30M")
    half["intervals"][1]["intervalPeriod"] = {"duration": "a while"}
    energy = event(
        event_id="e2", payloadDescriptors=[{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KWH"}]
    )
    vtn.events = [half, energy]
    poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == [20_000]
    program.refresh_from_db()
    assert program.error == (
        'Event e1: "a while" is no duration. Event e2: 13.8 KWH is no limit of power or current.'
    )


@pytest.mark.parametrize(
    "odd",
    [
        event(event_id="e2\0"),
        event(event_id="e\ud8002"),
        event(event_id="e2", begin="soon\0"),
        event(event_id="e2", begin="soon\ud800"),
        event(event_id="e2", duration="P1\ud800"),
        event("IMPORT_CAPACITY_LIMIT", 13.8, event_id="e2", payloadDescriptors=[
            {"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "K\0W"}
        ]),
    ],
)  # fmt: skip
def test_event_with_text_that_no_database_stores_harms_no_other_event_and_no_other_program(program, vtn, odd):
    other = DemandProgram.objects.create(
        community=program.community, circuit=CircuitFactory(cluster=program.circuit.cluster, parent=program.circuit),
        name="Z", vtn_url=program.vtn_url, token_url=program.token_url, client_id="ven",
        client_secret_encrypted=program.client_secret_encrypted, program_id="p1",
    )  # fmt: skip
    vtn.events = [odd, event()]
    poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == [20_000] * 2
    for row in (program, other):
        row.refresh_from_db()
        assert row.polled_at == NOW
        assert row.error.startswith("Event ")
        assert row.error.isprintable()


def test_version_of_an_event_is_any_text(program, vtn):
    vtn.events = [event(modificationDateTime="\0\ud800")]
    for _ in range(2):
        poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == [20_000]


def test_bad_interval_does_not_hide_the_units_of_the_program(program, vtn):
    vtn.programs["p1"] = {"payloadDescriptors": [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "W"}]}
    half = event("IMPORT_CAPACITY_LIMIT", 13_800, payloadDescriptors=None)
    half["intervals"].append({"id": 1})
    vtn.events = [half]
    poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == [20_000]


def test_event_whose_id_holds_a_slash_keeps_its_limit_while_it_is_unreadable(program, vtn):
    vtn.events = [event(event_id="grid/1")]
    poll_all(now=NOW)
    vtn.events = [event(event_id="grid/1", intervals=7)]
    poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == [20_000]


def test_node_that_knows_no_pages_is_read_once(program, vtn):
    vtn.knows_pages = False
    vtn.events = [event("SIMPLE", 0, event_id=str(number)) for number in range(60)] + [event()]
    poll_all(now=NOW)
    assert [each for each, _ in open_limits()] == [20_000]
    program.refresh_from_db()
    assert program.error == ""


@pytest.mark.parametrize(
    ("drips", "said"),
    [
        ((b" ", 0.02), "The node did not answer completely within 0.5 s."),
        ((b" " * 500_000, 0.0), "The node's answer is too long."),
    ],
)
def test_node_that_does_not_end_is_given_up_and_its_limits_stay(program, vtn, monkeypatch, drips, said):
    vtn.events = [event()]
    poll_all(now=NOW)
    monkeypatch.setattr(client, "LONGEST_S", 0.5 if "within" in said else 30)
    vtn.drips = drips
    poll_all(now=NOW + timedelta(minutes=1))
    program.refresh_from_db()
    assert (program.error, len(open_limits())) == (said, 1)
