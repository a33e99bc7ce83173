from datetime import timedelta

import pytest
from django.utils.translation import override

from chargers.enums import ConnectorStatus
from evbalancer.dashboard.live import cut as button
from evbalancer.dashboard.live.facts import gather
from evbalancer.dashboard.live.overview import alerts, cut_state, headline, without_reasons
from grid.domain import limits
from grid.domain.audit import SYSTEM
from scheduling.domain.balancing import attendance
from tests.evbalancer.dashboard.conftest import House


def headline_of(house: House) -> dict:
    return headline(gather(house.cluster, now=house.now))


def alerts_of(house: House, *, later_s: int = 0) -> dict[str, dict]:
    return {
        alert["text"]: alert
        for alert in alerts(gather(house.cluster, now=house.now + timedelta(seconds=later_s)))
    }


def test_headline_adds_up_in_kva(house: House) -> None:
    """Three phases at 230 V: 100 A are 69 kVA."""
    house.charging("A-01", limit_ma=10_000)
    house.charging("A-02", limit_ma=10_000)
    house.connector("A-03")
    head = headline_of(house)
    assert head == {
        "load_va": 27_600,
        "building_va": 13_800,
        "cars_va": 13_800,
        "limit_va": 69_000,
        "usual_va": 69_000,
        "announced_va": None,
        "free_va": 41_400,
        "connectors": 3,
        "charging": 2,
        "waiting": 0,
        "free": 1,
        "free_spaces": ["A-03"],
        "offline": 0,
        "next_turn_at": None,
    }


def test_headline_keeps_margin_and_reservations_out_of_what_is_free(house: House) -> None:
    house.cluster.margin_ma = 1_000
    house.cluster.save()
    house.connector("A-01", online=False, fallback_ma=9_000)
    head = headline_of(house)
    assert head["free_va"] == (100_000 - 20_000 - 9_000 - 1_000) * 3 * 230 // 1000
    assert (head["offline"], head["cars_va"]) == (1, 0)


def test_headline_frees_nothing_for_raises_under_an_announced_cut(house: House) -> None:
    house.charging("A-01", limit_ma=32_000)
    limits.impose_limit(house.transformer, pct=50, reason="Test", actor=SYSTEM, now=house.now)
    head = headline_of(house)
    assert (head["limit_va"], head["announced_va"], head["free_va"]) == (69_000, 34_500, 0)


def test_headline_knows_the_next_turn(house: House) -> None:
    for name, minutes in (("A-01", 9), ("A-02", 4), ("A-03", -1)):
        session = house.charging(name, limit_ma=0)
        session.connector.status = ConnectorStatus.SUSPENDED_EVSE
        session.connector.save()
        allotment = session.connector.allotment
        allotment.reason, allotment.next_change_at = "waiting_turn", house.now + timedelta(minutes=minutes)
        allotment.save()
    head = headline_of(house)
    assert (head["waiting"], head["next_turn_at"]) == (3, (house.now + timedelta(minutes=4)).isoformat())


def test_alerts_are_empty_when_all_is_well(house: House) -> None:
    house.charging("A-01")
    house.ran()
    assert alerts_of(house) == {}


def test_alert_of_an_announced_limit_counts_down_and_then_stands(house: House) -> None:
    house.ran()
    limit = limits.impose_limit(house.panel, pct=50, reason="Fan broken", actor=SYSTEM, now=house.now)
    alert = alerts_of(house)["Panel A limited to 31.5 A a phase"]
    assert alert["counts_to"] == limit.effective_at.isoformat()
    assert (alert["reason"], alert["urgent"]) == ("Fan broken", False)
    assert alerts_of(house, later_s=60)["Panel A limited to 31.5 A a phase"]["counts_to"] is None
    assert without_reasons(alert)["reason"] == ""


def test_alert_names_the_spaces_that_need_a_person(house: House) -> None:
    house.ran()
    for number in range(8):
        house.connector(f"A-{number}", status=ConnectorStatus.FAULTED)
    house.connector("B-1", overdraw_ma=32_000)
    found = alerts_of(house)
    assert found["8 spaces are faulted"]["reason"] == "A-0, A-1, A-2, A-3, A-4, A-5 …"
    assert found["1 space is not obeying"]["urgent"] is True


def test_alert_tells_of_unmanaged_spaces_and_of_none_out_of_service(house: House) -> None:
    house.ran()
    house.connector("A-1", fallback_ma=None)
    house.connector("A-2", fallback_ma=None)
    house.connector("A-3", status=ConnectorStatus.UNAVAILABLE)
    [(text, alert)] = alerts_of(house).items()
    assert text == "2 spaces are unmanaged: the others get less"
    assert (alert["urgent"], alert["reason"]) == (False, "A-1, A-2")


@pytest.mark.promise("E11")
def test_alert_says_what_a_silent_meter_means(house: House) -> None:
    house.ran()
    house.transformer.has_meter = True
    house.transformer.save()
    assert list(alerts_of(house)) == [
        "The building meter of Transformer is silent: its highest load is assumed"
    ]


def test_alert_of_a_billed_peak_that_can_not_be_held(house: House) -> None:
    house.ran()
    house.interval(target_w=50_000, cannot_hold=True)
    text = "Transformer can't hold its billed peak: the building and the power guaranteed to cars need more"
    alert = alerts_of(house)[text]
    assert (alert["urgent"], alert["reason"]) == (True, "target 50 kW")
    assert text not in alerts_of(house, later_s=900)


def test_alert_of_a_cut_that_can_not_be_held_while_offline_is_urgent(house: House) -> None:
    house.ran()
    limit = limits.impose_limit(house.transformer, pct=50, reason="x", actor=SYSTEM, now=house.now)
    limits.note_cover(limit, effective_at=limit.effective_at, uncovered_ma=4_000)
    [(text, alert)] = alerts_of(house).items()
    assert alert["urgent"]
    assert text.endswith("Not covered while charge points are offline: 4 A more could flow")


def test_alert_of_a_balancer_that_is_silent_or_failed_its_check(house: House) -> None:
    assert list(alerts_of(house)) == ["The balancer has not run yet"]
    run = house.ran(at=house.now - timedelta(minutes=3), safe_plan=True)
    found = alerts_of(house)
    assert list(found) == [
        "Nobody balances: limits stay as they are, and what was granted lapses",
        "The last plan failed its check: no car is given more",
    ]
    silent = found["Nobody balances: limits stay as they are, and what was granted lapses"]
    assert (silent["urgent"], silent["since"]) == (True, run.at.isoformat())


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "No worker balances: the web server does it in their place"),
        ("de", "Kein Worker verteilt den Strom: Der Webserver springt ein"),
    ],
)
def test_alert_of_a_web_process_that_stands_in(house: House, language: str, text: str) -> None:
    run = house.ran(at=house.now - timedelta(seconds=20))
    attendance.note_run(house.cluster, stand_in="web-1 (process 7)", now=house.now)
    with override(language):
        alert = alerts_of(house)[text]
    assert (alert["urgent"], alert["reason"], alert["since"]) == (
        False,
        "web-1 (process 7)",
        run.at.isoformat(),
    )
    house.ran()
    assert alerts_of(house) == {}


def test_cut_state_knows_the_buttons_own_cut_only(house: House) -> None:
    limits.impose_limit(house.transformer, pct=80, reason="Fan broken", actor=SYSTEM, now=house.now)
    state = cut_state(gather(house.cluster, now=house.now))
    assert state == {"pct": 50, "standing": False, "effective_at": None, "reachable": 0, "unreachable": 0}
    limit = button.cut(house.cluster, actor=SYSTEM, now=house.now)
    state = cut_state(gather(house.cluster, now=house.now))
    effective_at = limit.effective_at.isoformat()
    assert state == {
        "pct": 50,
        "standing": True,
        "effective_at": effective_at,
        "reachable": 0,
        "unreachable": 0,
    }


def test_alert_names_the_spaces_that_can_not_be_reached(house: House) -> None:
    house.ran()
    for number in range(3):
        house.connector(f"A-{number}")
    house.connector("B-1", online=False)
    # It says itself that it is out of service.
    house.connector("B-2", status=ConnectorStatus.UNAVAILABLE)
    found = alerts_of(house)["1 space can't be reached: its limit can't be changed"]
    assert (found["reason"], found["urgent"]) == ("B-1", False)
    for number in range(3, 7):
        house.connector(f"B-{number}", online=False)
    found = alerts_of(house)["5 spaces can't be reached: their limits can't be changed"]
    assert (found["reason"], found["urgent"]) == ("B-1, B-3, B-4, B-5, B-6", True)
    assert without_reasons(found)["reason"] == ""


def test_alert_and_button_say_that_nobody_can_be_reached(house: House) -> None:
    text = "No charge point can be reached: no limit can be changed"
    house.connector("A-01", online=False)
    house.connector("A-02", online=False)
    assert alerts_of(house)[text]["urgent"]
    state = cut_state(gather(house.cluster, now=house.now))
    assert (state["reachable"], state["unreachable"]) == (0, 2)
    house.connector("A-03")
    assert text not in alerts_of(house)
    state = cut_state(gather(house.cluster, now=house.now))
    assert (state["reachable"], state["unreachable"]) == (1, 2)
