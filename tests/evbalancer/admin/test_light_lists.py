"""Lists are light: what a row looks like stands in the sheet, and not in each of its cells."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from chargers.enums import CommandKind
from chargers.models import ChargePoint, ChargerCommand, Connector
from grid.models import AuditEntry

ROWS = 34
MOST_BYTES = 100_000


def test_lists_of_34_rows_are_below_100_kb(manager, world):
    first = world["chargers.ChargePoint"]
    cluster, circuit = first.cluster, world["chargers.Connector"].circuit
    now = timezone.now()
    house = {"community": world.community}
    more = [
        ChargePoint(
            **house, cluster=cluster, identity=f"MAPLE-B{number:02}", name=f"B-{number:02}", vendor="Maple",
            model="Wallbox 22", firmware_version="1.4.2", connected_at=now, last_seen_at=now, online_until=now,
        )
        for number in range(ROWS - ChargePoint.objects.filter(cluster=cluster).count())
    ]  # fmt: skip
    ChargePoint.objects.bulk_create(more)
    Connector.objects.bulk_create(
        Connector(**house, charge_point=each, circuit=circuit, number=1) for each in more
    )
    ChargerCommand.objects.bulk_create(
        ChargerCommand(
            **house, charge_point=each, kind=CommandKind.SET_LIMIT, state="accepted", queued_at=now,
            expires_at=now + timedelta(minutes=1), idempotency_key=each.identity, requested_by="balancer",
        )
        for each in more
    )  # fmt: skip
    AuditEntry.objects.bulk_create(
        AuditEntry(**house, at=now, actor_kind="user", actor_label="manager", action="circuit.changed", target_label=each)
        for each in more
    )  # fmt: skip
    bytes_of = {}
    for name in ("chargers_chargepoint", "chargers_connector", "chargers_chargercommand", "grid_auditentry"):
        page = manager.get(reverse(f"admin:{name}_changelist"))
        assert len(page.context["cl"].result_list) >= ROWS - 1
        bytes_of[name] = len(page.content)
    assert {name: size for name, size in bytes_of.items() if size > MOST_BYTES} == {}


def test_light_list_keeps_its_links_labels_and_acts(manager, world):
    charge_point = world["chargers.ChargePoint"]
    page = manager.get(reverse("admin:chargers_chargepoint_changelist")).content.decode()
    link = reverse("admin:chargers_chargepoint_change", args=[charge_point.pk])
    assert f'<th class="field-name" data-label="name"><a href="{link}" >SECRETA A-01</a></th>' in page
    restart = reverse("admin:chargers_chargepoint_send_reset", args=[charge_point.pk])
    assert f'<a href="{restart}" title="Restart" aria-label="Restart">' in page
