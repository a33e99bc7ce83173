import pytest
from django.utils.translation import override

from chargers.domain.access.rules import find_rules
from chargers.domain.access.sentences import Rule, UnreadableRuleError, read_rules, say_rule, write_rules
from chargers.enums import Audience
from evbalancer.common.words.telling import tell
from tests.factories.drivers import DriverGroupFactory, FlatFactory


@pytest.fixture
def community(connector):
    return connector.community


def test_a_line_says_for_whom_and_when(community):
    flat = FlatFactory(community=community, name="Flat 3, rear")
    group = DriverGroupFactory(community=community, name="Day parkers")
    text = "everybody; Guests, Sat-Sun\nflat flat 3, rear\ngroup Day Parkers, Mon-Fri, 8:00-18:00; guests, 22:00-06:00"
    assert read_rules(text, community=community) == [
        Rule(Audience.EVERYBODY),
        Rule(Audience.GUESTS, weekdays=0b1100000),
        Rule(Audience.FLAT, flat=flat),
        Rule(Audience.GROUP, group=group, weekdays=0b0011111, start_min=480, end_min=1080),
        Rule(Audience.GUESTS, start_min=1320, end_min=360),
    ]


def test_german_words_mean_the_same(community):
    flat = FlatFactory(community=community, name="Süd")
    assert read_rules("Wohnung Süd, Mo, Mi-Do, 08:00\u201318:00; Gäste; alle", community=community) == [
        Rule(Audience.FLAT, flat=flat, weekdays=0b0001101, start_min=480, end_min=1080),
        Rule(Audience.GUESTS),
        Rule(Audience.EVERYBODY),
    ]


def test_days_may_go_over_the_end_of_the_week(community):
    [rule] = read_rules("guests, Fri-Mon", community=community)
    assert rule.weekdays == 0b1110001


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Flat 99", "There is no flat or cost centre '99'."),
        ("group Nobody", "There is no group of drivers 'Nobody'."),
        ("guests, 25:00-26:00", "25:00 is no time of the day."),
        ("neighbours", "'neighbours' does not say for whom."),
        ("guests, someday", "'guests, someday' does not say for whom."),
    ],
)
def test_what_can_not_be_read_is_named(community, text, said):
    with pytest.raises(UnreadableRuleError) as refusal:
        read_rules(text, community=community)
    assert str(refusal.value).startswith(said)


def test_what_is_written_is_read_again(connector, keep):
    FlatFactory(community=connector.community, name="Flat 3")
    text = "flat Flat 3\neverybody, Mon, Wed-Thu, 08:00-18:00\nguests, 22:00-06:00"
    keep(connector, text)
    assert write_rules(find_rules(connector)) == text


def test_a_sentence_names_flats_to_those_who_may_know(connector, keep):
    FlatFactory(community=connector.community, name="Flat 3")
    keep(connector, "flat Flat 3; guests, Mon-Fri, Sun, 08:00-18:00")
    flat, guests = find_rules(connector)
    assert tell(say_rule(flat, names=True)) == "For Flat 3."
    assert tell(say_rule(flat, names=False)) == "For one flat."
    assert tell(say_rule(guests, names=True)) == "For guests: Mon to Fri Sun, 08:00 to 18:00."
    with override("de"):
        assert tell(say_rule(flat, names=False)) == "Für eine Wohnung."
        assert tell(say_rule(guests, names=True)) == "Für Gäste: Mo bis Fr So, 08:00 bis 18:00."
