"""Who hears of an alarm, when, and that 34 of them are one message."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from drivers.enums import Role
from drivers.models import Membership, User
from evbalancer.common.words.said import Said
from grid.models import Community
from scheduling.domain.alarms import ledger, outbox
from scheduling.domain.alarms.causes import Cause
from scheduling.domain.alarms.kinds import OFFLINE_FOR
from scheduling.enums import AlarmKind, ChannelKind
from scheduling.models import Alarm, AlarmChannel, AlarmNotice
from tests.evbalancer.dashboard.conftest import House, make_house
from tests.factories.drivers import DriverFactory, UserFactory

KINDS = frozenset(AlarmKind)


def manager(house: House, **fields: object) -> User:
    """No driver: only the membership makes them a manager."""
    user: User = UserFactory(email=f"{len(Membership.objects.all())}@example.org", **fields)
    Membership.objects.create(user=user, community=house.cluster.community, role=Role.MANAGER)
    return user


def overdraw(name: str = "A-01") -> Cause:
    said = Said("alarm.overdraw", {"connector": name, "measured_ma": 20_000})
    return Cause(
        AlarmKind.OVERDRAW, f"connector:{name}", name, said, datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))
    )


def refused(name: str = "A-01", kind: AlarmKind = AlarmKind.LIMIT_REFUSED) -> Cause:
    return Cause(
        kind,
        f"connector:{name}",
        name,
        Said("alarm.limit_refused", {"connector": name}),
        datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")),
    )


def raised(house: House, *causes: Cause, at: datetime | None = None) -> datetime:
    """Settled until each of these is raised; returns when."""
    at = at or house.now
    begin = at - OFFLINE_FOR
    while begin <= at:
        ledger.settle_alarms(KINDS, causes, cluster=house.cluster, now=begin)
        begin += timedelta(seconds=60)
    return at


def heard() -> set[tuple[str, str]]:
    rows = AlarmNotice.objects.filter(is_end=False)
    return set(rows.values_list("channel__user__username", "alarm__name"))


def test_managers_hear_of_it_drivers_or_not_and_so_do_operators(house: House) -> None:
    someone = manager(house)
    operator = User.objects.create_superuser("op", "op@example.org")
    DriverFactory(community=house.cluster.community)
    foreign = manager(make_house(name="Other"))
    left = manager(house, is_active=False)
    raised(house, overdraw())
    assert heard() == {(someone.username, "A-01"), (operator.username, "A-01")}
    assert foreign.alarm_channels.count() == left.alarm_channels.count() == 0


def test_alarms_of_the_server_are_for_operators(house: House) -> None:
    manager(house)
    User.objects.create_superuser("op", "op@example.org")
    cause = Cause(AlarmKind.DISK, "server", "", Said("alarm.disk", {"used_pct": 99}), house.now)
    ledger.settle_alarms({AlarmKind.DISK}, [cause], cluster=None, now=house.now)
    assert {user for user, _ in heard()} == {"op"}


def test_whoever_switched_mail_off_or_chose_other_kinds_hears_nothing(house: House) -> None:
    off, picky = manager(house), manager(house)
    AlarmChannel.objects.create(user=off, kind=ChannelKind.MAIL, is_active=False, created_at=house.now)
    AlarmChannel.objects.create(
        user=picky, kind=ChannelKind.MAIL, kinds=["disk", "offline"], created_at=house.now
    )
    raised(house, overdraw(), refused("A-02", AlarmKind.OFFLINE))
    assert heard() == {(picky.username, "A-02")}


def test_server_without_mail_queues_none(house: House, settings: pytest.FixtureRequest) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    manager(house)
    raised(house, overdraw())
    assert not AlarmNotice.objects.exists()


def test_grave_alarm_is_due_at_once_and_others_wait_for_each_other(house: House) -> None:
    manager(house)
    at = raised(house, overdraw(), refused("A-02"))
    due = dict(AlarmNotice.objects.values_list("alarm__name", "due_at"))
    first = Alarm.objects.get(name="A-02").raised_at
    assert (due["A-01"], due["A-02"]) == (at - OFFLINE_FOR, first + outbox.GROUPED_FOR)


@pytest.mark.parametrize(("hour", "comes_at"), [(23, "07:00"), (3, "07:00"), (12, "12:02")])
def test_quiet_hours_are_on_the_clock_of_the_community_and_end_in_the_morning(
    house: House, hour: int, comes_at: str
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    Community.objects.update(time_zone="Europe/Berlin")
    house.cluster.community.refresh_from_db()
    user = manager(house)
    AlarmChannel.objects.create(
        user=user, kind=ChannelKind.MAIL, quiet_from_min=22 * 60, quiet_until_min=7 * 60, created_at=house.now
    )
    night = datetime(2026, 11, 23, hour, 0, tzinfo=zone)
    raised(house, refused(kind=AlarmKind.OFFLINE), at=night)
    assert f"{AlarmNotice.objects.get().due_at.astimezone(zone):%H:%M}" == comes_at


def test_grave_alarm_breaks_through_quiet_hours(house: House) -> None:
    user = manager(house)
    AlarmChannel.objects.create(
        user=user, kind=ChannelKind.MAIL, quiet_from_min=0, quiet_until_min=1439, created_at=house.now
    )
    ledger.settle_alarms(KINDS, [overdraw()], cluster=house.cluster, now=house.now)
    assert AlarmNotice.objects.get().due_at == house.now


def test_end_is_for_those_who_heard_of_the_begin(house: House) -> None:
    """Of two, one was sent the begin; for the other it is over before."""
    first, second = manager(house), manager(house)
    at = raised(house, overdraw())
    sent = AlarmNotice.objects.filter(channel__user=first)
    sent.update(due_at=None, sent_at=at)
    ledger.settle_alarms(KINDS, [], cluster=house.cluster, now=at + timedelta(minutes=5))
    ends = AlarmNotice.objects.filter(is_end=True)
    assert [end.channel.user for end in ends] == [first]
    assert not AlarmNotice.objects.filter(channel__user=second).exists()


def test_number_of_queries_does_not_grow_with_people_and_alarms(
    house: House, django_assert_num_queries: object
) -> None:
    for _ in range(3):
        manager(house)
    alarms = [
        Alarm(
            community=house.cluster.community,
            cluster=house.cluster,
            kind=AlarmKind.OVERDRAW,
            about=f"x:{number}",
            began_at=house.now,
            seen_at=house.now,
            kept_at=house.now,
            raised_at=house.now,
        )
        for number in range(5)
    ]
    Alarm.objects.bulk_create(alarms)
    with django_assert_num_queries(5):
        outbox.queue_notices(alarms, [], now=house.now)
    assert AlarmNotice.objects.count() == 15
