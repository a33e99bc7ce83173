"""What charge points say that people should see: in the audit trail of the charge point, and where it is money, in a notice."""

import pytest

from chargers.domain.stations import alerts
from chargers.enums import ConnectorStatus, EnergyDoubt
from chargers.models import DeviceVariable
from chargers.reports.news import (
    Occurrence,
    OccurrenceReport,
    ReservationReport,
    SecurityReport,
    VariableTold,
)
from drivers.enums import NotificationKind, Role
from drivers.models import Notification
from grid.enums import ActorKind
from grid.models import AuditEntry
from tests.factories.chargers import SessionFactory
from tests.factories.drivers import DriverFactory


def about(value, **more):
    return VariableTold(component="Connector", variable="Problem", value=value, **more)


def entry():
    row = AuditEntry.objects.get()
    assert row.action in alerts.SEEN_ON_ITS_PAGE
    return row


@pytest.fixture
def occur(source, now):
    def occur(*occurrences):
        report = OccurrenceReport(source=source, received_at=now, occurrences=occurrences)
        alerts.note_occurrence(report, now=now)

    return occur


def test_security_event_is_told_by_the_charge_point_itself(source, connector, now):
    report = SecurityReport(
        source=source, received_at=now, kind="TamperDetection", charger_at=now, info="the lid"
    )
    alerts.security_event(report, now=now)
    station, row = connector.charge_point, entry()
    assert (row.action, row.target_id, row.at) == (alerts.SECURITY_EVENT, str(station.pk), now)
    assert (row.actor_kind, row.actor_id, row.actor_label) == (
        ActorKind.CHARGER, str(station.pk), station.identity,
    )  # fmt: skip
    assert (row.after["kind"], row.after["info"]) == ("TamperDetection", "the lid")


def test_every_occurrence_is_a_value_and_an_alert_is_for_people_too(occur, now):
    occur(
        Occurrence(about("true", evse_number=2), is_alert=True, is_over=True, charger_at=now, info="hot"),
        Occurrence(about("5", evse_number=1), is_alert=False, is_over=False, charger_at=now, info=""),
    )
    assert set(DeviceVariable.objects.values_list("evse_number", "value")) == {(1, "5"), (2, "true")}
    after = dict(entry().after)
    after.pop("charger_at")
    assert after == {"about": "Connector.Problem", "value": "true", "is_over": True, "info": "hot", "evse": 2}


def test_alert_of_the_whole_charge_point_names_no_evse(occur):
    occur(Occurrence(about("true"), is_alert=True, is_over=False, charger_at=None, info=""))
    assert "evse" not in entry().after


def test_end_of_a_reservation_and_an_overdraw_say_which_and_how_much(source, connector, now):
    report = ReservationReport(source=source, received_at=now, reservation_number=5, how="Expired")
    alerts.reservation_ended(report, now=now)
    alerts.record_overdraw(connector, measured_ma=20_000, allowed_ma=16_000, now=now)
    told = dict(AuditEntry.objects.values_list("action", "after"))
    assert told == {
        alerts.RESERVATION_ENDED: {"reservation_number": 5, "how": "Expired"},
        alerts.OVERDRAWN: {"connector": 1, "measured_ma": 20_000, "allowed_ma": 16_000},
    }
    kinds = set(AuditEntry.objects.values_list("action", "actor_kind"))
    assert kinds == {(alerts.RESERVATION_ENDED, ActorKind.CHARGER), (alerts.OVERDRAWN, ActorKind.SYSTEM)}


def test_doubted_energy_is_told_to_the_managers_once_for_each_reason(connector, now):
    manager = DriverFactory(community=connector.community, membership__role=Role.MANAGER)
    DriverFactory(community=connector.community)
    DriverFactory(membership__role=Role.MANAGER)
    session = SessionFactory(
        connector=connector, plugged_at=now, energy_wh=500, energy_doubt=EnergyDoubt.WENT_BACK
    )
    for _ in range(2):
        alerts.energy_doubted(session, told_wh=-20, now=now)
    (notice,) = Notification.objects.all()
    assert (notice.driver, notice.kind) == (manager, NotificationKind.METER)
    after = AuditEntry.objects.filter(action=alerts.ENERGY_DOUBTED).first().after
    assert after == {
        "connector": 1, "session": str(session.pk), "why": "went_back", "told_wh": -20, "energy_wh": 500,
    }  # fmt: skip
    session.energy_doubt = EnergyDoubt.NO_REGISTER
    alerts.energy_doubted(session, told_wh=None, now=now)
    assert Notification.objects.count() == 2


def test_status_of_the_charge_point_is_told_with_the_makers_own_words(connector, now):
    station = connector.charge_point
    station.status, station.error_code = ConnectorStatus.FAULTED, "OtherError"
    station.vendor_error, station.error_info = "E17", "Fan"
    alerts.station_status(station, now=now)
    assert entry().after == {
        "status": "Faulted", "error_code": "OtherError", "vendor_error": "E17", "info": "Fan",
    }  # fmt: skip
