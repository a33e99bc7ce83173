from scheduling.domain.alarms.causes import JUDGES
from scheduling.domain.alarms.kinds import OF_CLUSTER, RULES
from scheduling.domain.alarms.site_causes import SITE_JUDGES
from scheduling.enums import AlarmKind


def test_every_kind_has_its_rule_and_exactly_one_judge() -> None:
    judged = [kind for kinds, _ in (*JUDGES, *SITE_JUDGES) for kind in kinds]
    assert sorted(RULES) == sorted(AlarmKind) == sorted(judged)


def test_kinds_of_the_banner_are_judged_for_clusters() -> None:
    assert {kind for kinds, _ in JUDGES for kind in kinds} == OF_CLUSTER
