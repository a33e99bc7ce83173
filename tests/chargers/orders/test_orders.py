from chargers.enums import CommandKind
from chargers.orders import read_order
from chargers.orders.base import Unreadable
from chargers.orders.charging import ReadLimit, RemoteStart, SetFallback
from chargers.orders.trust import ListEntry, SendLocalList
from chargers.orders.upkeep import GetLog
from chargers.orders.words import ListStatus, LogKind

URL = "https://example.com/"


def test_row_is_read_as_its_order():
    row = {"kind": "security", "url": URL, "retries": 2.0}
    read = read_order(CommandKind.GET_LOG, row)
    assert read == GetLog(log_kind=LogKind.SECURITY, url=URL, retries=2)
    assert isinstance(read.retries, int)


def test_entries_of_a_list_are_read_with_what_is_added_when_it_is_sent():
    entries = [{"id_tag": "A", "status": "Accepted", "id_tag_kind": "app"}, {"id_tag": "B"}]
    assert read_order(CommandKind.SEND_LOCAL_LIST, {"version": 2, "entries": entries}) == SendLocalList(
        version=2,
        entries=(ListEntry(id_tag="A", status=ListStatus.ACCEPTED, id_tag_kind="app"), ListEntry(id_tag="B")),
    )


def test_row_of_another_release_is_read_without_what_this_one_does_not_know():
    assert read_order(CommandKind.REMOTE_START, {"id_tag": "A", "colour": "red"}) == RemoteStart(id_tag="A")


def test_null_is_what_was_not_given():
    assert read_order(CommandKind.READ_LIMIT, {"duration_s": None}) == ReadLimit(duration_s=3_600)
    assert read_order(CommandKind.SET_FALLBACK, {"limit_ma": 6_000}) == SetFallback(limit_ma=6_000)


def test_row_that_makes_no_order_says_why():
    def why(kind, row):
        read = read_order(kind, row)
        assert isinstance(read, Unreadable)
        assert read.kind == kind
        return read.reason

    assert why(CommandKind.SET_LIMIT, {}) == "The argument 'limit_ma' is missing."
    assert why(CommandKind.RESET, {"kind": "violently"}) == "kind is one of soft, hard, resume."
    assert why(CommandKind.SEND_LOCAL_LIST, {"version": 1, "entries": 5}) == "entries can't be read."
    lost = {"version": 1, "entries": [{"id_tag": "A", "status": "Lost"}]}
    assert why(CommandKind.SEND_LOCAL_LIST, lost).startswith("status is one of Accepted, Blocked,")
