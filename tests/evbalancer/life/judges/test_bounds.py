from datetime import UTC, datetime
from uuid import uuid4

from drivers.enums import NotificationKind
from drivers.models import Driver, Notification
from evbalancer.life.judges.bounds import MOST_NOTICES, Bounds


def test_driver_who_is_told_again_and_again_is_found(bench, world):
    driver = Driver.objects.filter(community=world.place.cluster.community_id).first()

    def tell(count):
        for _ in range(count):
            Notification.objects.create(
                community_id=driver.community_id, driver=driver, kind=NotificationKind.values[0],
                about=str(uuid4()), created_at=datetime.now(UTC),
            )  # fmt: skip

    judge, said = bench(Bounds)
    tell(MOST_NOTICES)
    for _ in range(10):
        judge.see_minute()
    assert said == []
    tell(1)
    for _ in range(20):
        judge.see_minute()
    assert [each.sentence for each in said] == [f"{driver.name}: {MOST_NOTICES + 1} notifications in an hour"]
