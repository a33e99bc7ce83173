from datetime import timedelta

import pytest
from django.utils import timezone

from chargers.domain.orders import commands
from chargers.models import ChargerCommand
from chargers.orders.upkeep import UpdateFirmware
from drivers.domain.mailing import mail_server
from drivers.models import Strike
from evbalancer.common.disk import Disk
from evbalancer.common.mail import SENT, Reason
from scheduling.domain.alarms import site_causes
from scheduling.domain.balancing import attendance
from scheduling.models import EmergencyRequest, Habit
from tests.evbalancer.api_world import a_world
from tests.evbalancer.dashboard.conftest import House

pytestmark = pytest.mark.django_db


def kinds_of(judge) -> list[str]:
    return [str(cause.kind) for cause in judge(now=timezone.now())]


def test_what_waits_for_a_decision_is_a_cause_without_a_name_of_a_driver() -> None:
    a_world("CANARY")
    now = timezone.now()
    EmergencyRequest.objects.update(state="pending")
    Strike.objects.update(appealed_at=now, appeal="CANARY", lifted_at=None, appeal_decided_at=None)
    Habit.objects.update(objected_at=now, objection="CANARY", decided_at=None)
    judges = (site_causes.judge_emergencies, site_causes.judge_appeals, site_causes.judge_objections)
    found = [cause for judge in judges for cause in judge(now=now)]
    assert [str(cause.kind) for cause in found] == ["emergency", "appeal", "objection"]
    assert "driver" not in str([cause.said.stored for cause in found])


def test_community_that_is_no_longer_in_use_waits_for_nobody() -> None:
    _, driver = a_world("OLD")
    EmergencyRequest.objects.update(state="pending")
    assert kinds_of(site_causes.judge_emergencies) == ["emergency"]
    driver.community.retired_at = timezone.now()
    driver.community.save()
    assert kinds_of(site_causes.judge_emergencies) == []


def test_web_process_in_place_of_the_workers_is_for_operators(house: House) -> None:
    later = house.now + timedelta(minutes=5)
    attendance.note_run(house.cluster, stand_in="web-1 (process 7)", now=later)
    [cause] = site_causes.judge_workers(now=later)
    assert (cause.community_id, cause.said.facts) == (None, {"stand_in": "web-1 (process 7)"})


@pytest.mark.parametrize(
    ("free_gib", "total_gib", "is_full"), [(0.3, 8, True), (0.5, 8, False), (9, 400, True), (11, 400, False)]
)
def test_disk_is_nearly_full_below_a_twentieth_and_ten_gibibytes(
    monkeypatch: pytest.MonkeyPatch, free_gib: float, total_gib: float, is_full: bool
) -> None:
    disk = Disk(free_bytes=int(free_gib * 1024**3), total_bytes=total_gib * 1024**3)
    monkeypatch.setattr(site_causes, "read_disk", lambda: disk)
    assert kinds_of(site_causes.judge_disk) == (["disk"] if is_full else [])


def test_mail_fails_until_a_mail_is_taken_and_a_refused_address_is_none_of_it() -> None:
    now = timezone.now()
    mail_server.note_mail_outcome(Reason("no such user", of_server=False), now=now)
    assert kinds_of(site_causes.judge_mail) == []
    mail_server.note_mail_outcome(Reason("gone away", of_server=True), now=now - timedelta(minutes=5))
    mail_server.note_mail_outcome(Reason("still away", of_server=True), now=now)
    [cause] = site_causes.judge_mail(now=now)
    assert (cause.said.facts, cause.since) == ({"why": "still away"}, now - timedelta(minutes=5))
    mail_server.note_mail_outcome(SENT, now=now)
    assert kinds_of(site_causes.judge_mail) == []


def test_firmware_update_that_failed_is_a_cause_with_its_word(house: House) -> None:
    charge_point = house.connector("A-1").charge_point
    command = commands.queue_command(
        charge_point,
        UpdateFirmware(url="https://example.com/image", retrieve_at="2026-11-30T09:00:00Z"),
        by="t",
        now=house.now,
    )
    assert kinds_of(site_causes.judge_firmware) == []
    ChargerCommand.objects.filter(pk=command.pk).update(
        state="accepted",
        later_state="failed",
        later_word="DownloadFailed",
        later_at=house.now,
        queued_at=house.now,
    )
    [cause] = site_causes.judge_firmware(now=house.now)
    facts = {"charge_point": str(charge_point), "word": "DownloadFailed"}
    assert (cause.community_id, cause.said.facts) == (charge_point.community_id, facts)


def test_fault_of_the_grid_is_a_cause_until_a_week_has_passed(house: House) -> None:
    charge_point = house.connector("A-1").charge_point
    told_at = house.now.isoformat()
    charge_point.grid_faults = {"HVMustTrip": {"fault": "OverVoltage", "since": told_at, "told_at": told_at}}
    charge_point.save()
    [cause] = site_causes.judge_grid_faults(now=house.now)
    facts = {"charge_point": str(charge_point), "word": "OverVoltage"}
    assert (cause.community_id, cause.said.facts, cause.since) == (
        charge_point.community_id,
        facts,
        house.now,
    )
    assert site_causes.judge_grid_faults(now=house.now + timedelta(days=7)) == []
