"""Chargers that take what we write and grant more: found out while they charge or idle, and cleared of what others wrote."""

from datetime import timedelta

import pytest

from chargers.domain.limits import outranked
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import ChargePoint, ChargerCommand, Connector, Make
from tests.chargers.domain.limits.granted import granted


@pytest.fixture
def make(db):
    return Make.objects.create(vendor="V", model="M")


@pytest.fixture
def connector(connector, make):
    """Idle, of 32 A, with a fallback of 6 A."""
    ChargePoint.objects.update(make=make, ocpp_version=OcppVersion.V16)
    Connector.objects.update(fallback_ma=6_000)
    return Connector.objects.select_related("charge_point__make", "charge_point__cluster").get()


@pytest.fixture
def show(connector, now):
    """It tells what it would grant a new transaction; returns what is known of the make then."""

    def show(*amperes, clock_off=timedelta(0)):
        result = granted(*((60 * n, limit_a) for n, limit_a in enumerate(amperes)))
        result["scheduleStart"] = (now + clock_off).isoformat()
        command = ChargerCommand(
            charge_point=connector.charge_point, connector=connector, kind=CommandKind.READ_LIMIT,
            state=CommandState.ACCEPTED, result=result, answered_at=now,
        )  # fmt: skip
        outranked.idle_read(connector, command, now=now)
        return Make.objects.get().shows_idle_fallback

    return show


def queued(kind) -> int:
    return ChargerCommand.objects.filter(kind=kind, state=CommandState.QUEUED).count()


def test_refusals_are_another_reason_for_the_nameplate(connector, now):
    assert not outranked.is_outranked(connector)
    connector.uncontrollable_since = now
    assert outranked.is_outranked(connector)
    connector.refusals = 3
    assert not outranked.is_outranked(connector)


def test_one_that_grants_more_counts_at_its_nameplate_and_is_cleared_of_others_once(connector, now, caplog):
    connector.refusals = 2
    outranked.note_outranked(connector, 20_000, now=now)
    cleared = queued(CommandKind.CLEAR_LIMITS)
    assert (connector.uncontrollable_since, connector.refusals, cleared > 0) == (now, 0, True)
    assert "20000 mA" in caplog.text
    outranked.note_outranked(connector, 20_000, now=now)
    assert queued(CommandKind.CLEAR_LIMITS) == cleared


@pytest.mark.parametrize(
    ("shows", "changes", "is_asked"),
    [
        (None, {}, True),
        (True, {}, True),
        pytest.param(False, {}, False, id="its make does not show it"),
        pytest.param(None, {"in_transaction": True}, False, id="a car charges"),
        pytest.param(None, {"default_read_at": "now"}, False, id="it said so already"),
    ],
)
def test_idle_connector_is_asked_once_unless_its_make_would_not_say(connector, now, shows, changes, is_asked):
    connector.charge_point.make.shows_idle_fallback = shows
    for name, value in changes.items():
        setattr(connector, name, now if value == "now" else value)
    outranked.ask_idle(connector, now=now)
    assert queued(CommandKind.READ_LIMIT) == is_asked


def test_fallback_that_is_shown_proves_that_the_make_shows_it_and_that_nothing_outranks_it(
    connector, show, now
):
    connector.uncontrollable_since = now
    assert show(0, 6.2) is True
    assert connector.uncontrollable_since is None
    stored = Connector.objects.get()
    assert (stored.default_shown_ma, stored.default_read_at) == (6_200, now)


def test_nameplate_no_higher_than_the_fallback_shows_nothing_of_the_make(connector, show):
    connector.max_current_ma = 6_100
    assert show(6) is None


def test_more_than_the_fallback_is_believed_at_first_and_the_fallback_is_written_and_read_again(
    connector, show, now
):
    assert show(6.3) is None
    assert connector.uncontrollable_since == now
    assert queued(CommandKind.CLEAR_LIMITS) > 0
    assert (queued(CommandKind.SET_FALLBACK), queued(CommandKind.READ_LIMIT)) == (1, 1)


def test_make_that_shows_more_after_all_others_were_cleared_is_one_that_hides_its_fallback(
    connector, show, now
):
    connector.uncontrollable_since = now
    assert show(32) is False
    assert connector.uncontrollable_since is None
    # From now on the same answer says nothing.
    assert show(32) is False
    assert connector.uncontrollable_since is None
    assert not ChargerCommand.objects.exists()


def test_make_that_showed_its_default_before_is_outranked_whatever_was_cleared(connector, make, show, now):
    make.shows_idle_fallback = True
    make.save()
    connector.charge_point.make = make
    assert show(32) is True
    assert connector.uncontrollable_since == now
    assert show(32) is True
    assert connector.uncontrollable_since == now
    assert queued(CommandKind.SET_FALLBACK) == 1


def test_connector_without_a_fallback_of_ours_is_only_noted(connector, show):
    connector.fallback_ma = None
    assert show(32) is None
    assert connector.uncontrollable_since is None
    assert show() is None
    stored = Connector.objects.get()
    assert (stored.default_shown_ma, stored.default_read_at is None) == (None, False)


def test_idle_connector_that_shows_more_by_another_clock_counts_and_nothing_is_learnt_until_the_clocks_agree(
    connector, show, now
):
    hour = timedelta(hours=1)
    for _ in range(2):
        assert show(32, clock_off=-hour) is None
        assert (connector.uncontrollable_since, connector.clocks_apart) == (now, True)
    assert not ChargerCommand.objects.exists()
    # Now it is as if it was read for the first time.
    assert show(32) is None
    assert (connector.uncontrollable_since, connector.clocks_apart) == (now, False)
    assert (queued(CommandKind.SET_FALLBACK), queued(CommandKind.CLEAR_LIMITS) > 0) == (1, True)
    assert show(32) is False


def test_fallback_that_is_shown_is_ours_by_any_clock(connector, show, now):
    show(32, clock_off=timedelta(hours=-1))
    assert show(6, clock_off=timedelta(hours=-1)) is True
    assert (connector.uncontrollable_since, connector.clocks_apart) == (None, False)
