from django.utils.translation import override

from evbalancer.common.words.said import Said
from scheduling.domain.alarms import wording
from scheduling.enums import AlarmKind
from scheduling.models import Alarm
from tests.evbalancer.dashboard.conftest import House


def alarm(house: House, kind: AlarmKind, name: str, said: Said | None = None, **fields: object) -> Alarm:
    usual = {
        "began_at": house.now,
        "seen_at": house.now,
        "kept_at": house.now,
        "raised_at": house.now,
        "about": f"{kind}:{name}",
    }
    row: Alarm = Alarm.objects.create(
        community=house.cluster.community, cluster=house.cluster, kind=kind, name=name,
        said=said or Said("alarm.limit_refused", {"connector": name}), **(usual | fields),
    )  # fmt: skip
    return row


def test_34_chargers_are_one_sentence(house: House) -> None:
    rows = [alarm(house, AlarmKind.OFFLINE, f"A-{number:02}") for number in range(1, 35)]
    [group] = wording.group_alarms(rows)
    with override("en"):
        assert wording.group_sentence(group) == (
            "Charger offline (34): A-01, A-02, A-03, A-04, A-05, A-06 and 28 more."
        )
    with override("de"):
        assert wording.group_sentence(group[:2]) == "Ladepunkt nicht erreichbar (2): A-01, A-02."


def test_one_alone_says_its_own_sentence_and_the_gravest_comes_first(house: House) -> None:
    rows = [
        alarm(house, AlarmKind.OFFLINE, "A-01"),
        alarm(
            house,
            AlarmKind.OVERDRAW,
            "A-02",
            Said("alarm.overdraw", {"connector": "A-02", "measured_ma": 20_000}),
        ),
    ]
    with override("en"):
        assert [wording.group_sentence(group) for group in wording.group_alarms(rows)] == [
            "A-02 draws 20 A, more than its limit: others get less.",
            "A-01 does not take its limits: others get less.",
        ]


def test_alarms_without_names_are_counted(house: House) -> None:
    rows = [alarm(house, AlarmKind.APPEAL, "", about=f"strike:{number}") for number in range(2)]
    with override("en"):
        assert wording.group_sentence(rows) == "Appeal to decide (2)."


def test_plain_sentences_name_nothing(house: House) -> None:
    rows = [alarm(house, kind, "SECRET") for kind in (AlarmKind.FAULTED, AlarmKind.CIRCUIT_GONE)]
    assert list(wording.plain_sentences(rows)) == ["circuit_gone", "faulted"]
    assert "SECRET" not in str(wording.plain_sentences(rows))


def test_only_raised_and_open_alarms_of_the_cluster_count(house: House) -> None:
    alarm(house, AlarmKind.OFFLINE, "pending", raised_at=None)
    alarm(house, AlarmKind.OFFLINE, "over", ended_at=house.now)
    alarm(house, AlarmKind.EMERGENCY, "to decide")
    alarm(house, AlarmKind.OFFLINE, "open")
    assert [row.name for row in wording.alarms_of_cluster(house.cluster.pk)] == ["open"]
