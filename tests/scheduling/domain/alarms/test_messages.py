from django.utils import timezone

from scheduling.domain.alarms.messages import compose_message
from scheduling.enums import AlarmKind, ChannelKind
from scheduling.models import AlarmChannel, AlarmNotice
from tests.evbalancer.dashboard.conftest import House, make_house
from tests.factories.drivers import UserFactory
from tests.scheduling.domain.alarms.test_wording import alarm


def channel(**fields: object) -> AlarmChannel:
    row: AlarmChannel = AlarmChannel.objects.create(
        user=UserFactory(), kind=ChannelKind.MAIL, created_at=timezone.now(), **fields
    )
    return row


def notices(to: AlarmChannel, *alarms: object, is_end: bool = False) -> list[AlarmNotice]:
    return [AlarmNotice(channel=to, alarm=each, is_end=is_end) for each in alarms]


def test_34_chargers_are_one_message(house: House) -> None:
    to = channel()
    rows = [alarm(house, AlarmKind.OFFLINE, f"A-{number:02}") for number in range(1, 35)]
    message = compose_message(to, notices(to, *rows))
    assert message.title == f"{house.cluster.community.name}: 34 alarms"
    assert message.text == "Charger offline (34): A-01, A-02, A-03, A-04, A-05, A-06 and 28 more."
    assert len(message.data["begun"]) == 34


def test_message_is_in_the_channels_language_and_says_what_is_over(house: House) -> None:
    to = channel(language="de")
    message = compose_message(to, notices(to, alarm(house, AlarmKind.LIMIT_REFUSED, "A-01"), is_end=True))
    assert message.title == f"{house.cluster.community.name}: vorbei: Limit abgelehnt"
    assert message.text == "Vorbei: A-01 nimmt seine Limits nicht an: Andere bekommen weniger."
    assert message.is_grave is False


def test_message_of_several_communities_names_each(house: House) -> None:
    other = make_house(name="Other")
    to = channel()
    message = compose_message(
        to, notices(to, alarm(house, AlarmKind.OVERDRAW, "A-01"), alarm(other, AlarmKind.OFFLINE, "B-01"))
    )
    names = sorted([house.cluster.community.name, other.cluster.community.name])
    assert [line for line in message.text.splitlines() if line.endswith(":")] == [
        f"{name}:" for name in names
    ]
    assert (message.title, message.is_grave) == ("EV Balancer: 2 alarms", True)


def test_id_is_the_same_for_the_same_notices_alone(house: House) -> None:
    to = channel()
    two = notices(to, alarm(house, AlarmKind.OFFLINE, "A-01"), alarm(house, AlarmKind.OFFLINE, "A-02"))
    assert compose_message(to, two).id == compose_message(to, two[::-1]).id != compose_message(to, two[:1]).id
