import pytest
from django.urls import reverse

from drivers.models import Notification, Strike
from grid.models import AuditEntry
from scheduling.admin.abuse import evidence_panel
from scheduling.admin.plan import decisions_panel, figures_panel, violations_panel
from scheduling.enums import EmergencyState, FindingState
from scheduling.models import AbuseFinding, EmergencyRequest, Habit
from tests.factories.world import NOW, populate


def page(row, act) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{act}", args=[row.pk])


@pytest.mark.promise("S15")
@pytest.mark.parametrize(
    ("word", "state"), [("yes", EmergencyState.ACCEPTED), ("no", EmergencyState.REFUSED)]
)
def test_emergency_is_decided_once(word, state, manager, world):
    claim = world["scheduling.EmergencyRequest"]
    response = manager.post(page(claim, "decide"), {"accept": word, "reason": "I called the driver"})
    assert response.status_code == 302
    decided = EmergencyRequest.objects.get()
    assert (decided.state, decided.decided_by) == (state, world.manager)
    assert AuditEntry.objects.get(action=f"emergency.{state}").reason == "I called the driver"
    assert manager.post(page(claim, "decide"), {"accept": word, "reason": "Again"}).status_code == 422


def test_emergency_needs_a_reason(manager, world):
    claim = world["scheduling.EmergencyRequest"]
    assert manager.post(page(claim, "decide"), {"accept": "yes", "reason": " "}).status_code == 422
    assert EmergencyRequest.objects.get().state == EmergencyState.PENDING


def test_granted_emergency_is_taken_back(manager, world):
    claim = world["scheduling.EmergencyRequest"]
    manager.post(page(claim, "decide"), {"accept": "yes", "reason": "Fine"})
    assert manager.post(page(claim, "revoke"), {"reason": "Arrived"}).status_code == 302
    assert EmergencyRequest.objects.get().state == EmergencyState.REVOKED


@pytest.mark.promise("S15")
@pytest.mark.parametrize(
    ("word", "state", "strikes"), [("yes", FindingState.STRIKE, 2), ("no", FindingState.DISMISSED, 1)]
)
def test_finding_is_decided_once(word, state, strikes, manager, world):
    finding = world["scheduling.AbuseFinding"]
    assert manager.post(page(finding, "decide"), {"strike": word, "reason": "Seen it"}).status_code == 302
    assert AbuseFinding.objects.get().state == state
    assert Strike.objects.count() == strikes
    assert AuditEntry.objects.filter(action=f"finding.{state}").count() == 1
    assert manager.post(page(finding, "decide"), {"strike": word, "reason": "Again"}).status_code == 422


@pytest.mark.promise("S15")
@pytest.mark.parametrize(("word", "act"), [("yes", "strike.lifted"), ("no", "strike.upheld")])
def test_appeal_is_decided_once_and_the_driver_is_told(word, act, manager, world):
    strike = world["drivers.Strike"]
    Strike.objects.filter(pk=strike.pk).update(appealed_at=NOW)
    told = Notification.objects.count()
    assert (
        manager.post(page(strike, "decide"), {"lift": word, "decision": "The lift was broken"}).status_code
        == 302
    )
    decided = Strike.objects.get()
    assert (decided.lifted_at is not None, decided.decision) == (word == "yes", "The lift was broken")
    assert AuditEntry.objects.get(action=act).reason == "The lift was broken"
    assert Notification.objects.count() == told + 1
    assert manager.post(page(strike, "decide"), {"lift": word, "decision": "Again"}).status_code == 422


@pytest.mark.promise("S4")
@pytest.mark.parametrize(
    ("label", "act", "data"),
    [
        ("scheduling.EmergencyRequest", "decide", {"accept": "yes", "reason": "x"}),
        ("scheduling.EmergencyRequest", "revoke", {"reason": "x"}),
        ("scheduling.AbuseFinding", "decide", {"strike": "yes", "reason": "x"}),
        ("drivers.Strike", "decide", {"lift": "yes", "decision": "x"}),
        ("chargers.OrphanMessage", "resolve", {"reason": "x"}),
        ("grid.TemporaryLimit", "lift", {"reason": "x"}),
        ("drivers.Driver", "open_account", {"username": "x"}),
        ("chargers.ChargePoint", "rotate_key", {"reason": "x"}),
    ],
)
def test_acts_on_rows_of_another_community_are_not_found(label, act, data, manager):
    row = populate("SECRETB")[label]
    before = {
        name: value for name, value in vars(type(row).objects.get(pk=row.pk)).items() if name != "_state"
    }
    assert manager.post(page(row, act), data).status_code == 404
    after = {
        name: value for name, value in vars(type(row).objects.get(pk=row.pk)).items() if name != "_state"
    }
    assert after == before


@pytest.mark.parametrize(("word", "share", "act"), [("yes", 1.0, "forgotten"), ("no", 0.5, "upheld")])
def test_objection_is_decided_and_the_driver_is_told(word, share, act, manager, world):
    habit = world["scheduling.Habit"]
    facts = {"received_wh": 1, "is_sated": True, "had_enough": True, "overrun_s": 0, "stayed_s": 9}
    Habit.objects.filter(pk=habit.pk).update(objected_at=NOW, stays=[{"asked_wh": 2} | facts])
    told = Notification.objects.count()
    verdict = {"forget": word, "decision": "The lift was broken"}
    assert manager.post(page(habit, "decide"), verdict).status_code == 302
    assert (Habit.objects.get().takes_share, Habit.objects.get().decision) == (share, "The lift was broken")
    assert AuditEntry.objects.get(action=f"habit.{act}").reason == "The lift was broken"
    assert Notification.objects.count() == told + 1


def told(panel):
    return [tuple(cell.text for cell in row) for row in panel.context["rows"]]


def test_evidence_is_told_figure_by_figure_and_its_sessions_are_linked(world, rf):
    finding, session = world["scheduling.AbuseFinding"], world["chargers.Session"]
    finding.evidence = {"sessions": [str(session.pk)], "together_s": 3_600, "granted_wh": 4_500}
    panel = evidence_panel(rf.get("/"), finding)
    assert told(panel) == [
        ("At the same time", "60 min"),
        ("Granted", "4.5 kWh"),
        ("Session", str(session)),
    ]
    assert panel.context["rows"][-1][1].href == page(session, "change")


def test_rebalance_is_told_in_words(world, rf):
    run, connector = world["scheduling.RebalanceRun"], world["chargers.Connector"]
    circuit = connector.circuit
    decided = {
        "connector_id": str(connector.pk),
        "wanted_ma": 9_000,
        "held_ma": 6_000,
        "sent_ma": None,
        "reserved_ma": 9_000,
    }
    run.decisions = [
        {**decided, "reason": "circuit_full", "circuit_id": str(circuit.pk), "phase": 1},
        {**decided, "reason": "of_another_version", "circuit_id": None, "phase": None},
    ]
    run.violations = [
        {"kind": "circuit_phase", "where": str(circuit.pk), "phase": 0, "amount": 1.5},
        "Said by an earlier version",
    ]
    run.figures = {str(circuit.pk): [[63_000] * 3, [1_000, 2_000, 3_000], [0] * 3, [9_000] * 3]}
    assert [row[-1] for row in told(decisions_panel(rf.get("/"), run))] == [
        f"{circuit.name}, phase L2 is full",
        "of another version",
    ]
    assert told(violations_panel(rf.get("/"), run)) == [
        ("more current than the circuit's limit", circuit.name, "L1"),
        ("Said by an earlier version", "", ""),
    ]
    assert told(figures_panel(rf.get("/"), run)) == [
        (circuit.name, "63 A", "L1 1 A · L2 2 A · L3 3 A", "0 A", "9 A")
    ]
