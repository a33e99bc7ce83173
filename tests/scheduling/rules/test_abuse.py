from datetime import UTC, datetime, timedelta

from scheduling.rules.abuse import (
    Charge,
    Intake,
    Served,
    Sign,
    Slot,
    Stay,
    Thresholds,
    Wait,
    energy_mismatches,
    hoarding,
    no_shows,
    overstays,
    refuted_emergencies,
    tag_sharing,
    tampering,
)

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
POLICY = Thresholds()


def hours(count):
    return NOW - timedelta(hours=count)


def test_overstay_counts_only_while_others_wait():
    stay = Stay("s1", "d1", done_at=hours(3), left_at=None)
    assert list(overstays([stay], [], POLICY, now=NOW)) == []
    found = list(overstays([stay], [Wait(hours(1), NOW)], POLICY, now=NOW))
    assert [(finding.driver, finding.subject, finding.evidence["others_waited_s"]) for finding in found] == [
        ("d1", "s1", 3600),
    ]


def test_overstay_has_a_grace():
    stay = Stay("s1", "d1", done_at=hours(1), left_at=NOW - timedelta(minutes=30))
    assert list(overstays([stay], [Wait(hours(2), NOW)], POLICY, now=NOW)) == []


def test_overstay_counts_two_who_wait_at_once_once():
    stay = Stay("s1", "d1", done_at=hours(3), left_at=NOW)
    waits = [Wait(hours(2), hours(1)), Wait(hours(1.5), hours(0.5))]
    [finding] = overstays([stay], waits, POLICY, now=NOW)
    assert finding.evidence["others_waited_s"] == 5400


def missed(count):
    return [Slot(f"k{n}", "d1", hours(24 * n + 1), "lapsed", 10_000) for n in range(count)]


def test_no_shows_count_from_the_third():
    assert list(no_shows(missed(2), POLICY, now=NOW)) == []
    [finding] = no_shows(missed(3), POLICY, now=NOW)
    assert finding.evidence["allowed"] == 2
    assert len(finding.evidence["missed"]) == 3


def test_no_shows_are_found_anew_only_after_as_many_again():
    def subjects(count):
        # The oldest come first here, as they do in time.
        slots = [Slot(f"k{n}", "d1", hours(300 - n), "lapsed", 10_000) for n in range(count)]
        return [finding.subject for finding in no_shows(slots, POLICY, now=NOW)]

    assert [subjects(count) for count in (3, 4, 5, 6)] == [["k2"], ["k2"], ["k2"], ["k5"]]


def test_no_shows_of_last_month_are_forgotten():
    old = [Slot(f"k{n}", "d1", NOW - timedelta(days=31 + n), "lapsed", 1) for n in range(5)]
    assert list(no_shows(old, POLICY, now=NOW)) == []


def test_hoarding_needs_many_open_slots_and_unused_ones():
    held = [Slot(f"h{n}", "d1", NOW + timedelta(hours=n), "promised", 10_000) for n in range(6)]
    used = [Slot("p1", "d1", hours(30), "fulfilled", 10_000, received_wh=9_000)]
    unused = [Slot("p2", "d1", hours(30), "cancelled", 10_000)]
    assert list(hoarding([*held, *used], POLICY)) == []
    assert list(hoarding([*held[:5], *unused], POLICY)) == []
    [finding] = hoarding([*held, *unused], POLICY)
    assert (finding.subject, finding.evidence) == ("h0", {"open_slots": 6, "allowed": 5, "unused_share": 1.0})


def charge(key, **changes):
    values = {"driver": "d1", "tag": "T", "connector": key, "vehicle": "", "start": hours(3), "end": None}
    return Charge(key, **(values | changes))


def test_tag_that_charges_twice_at_once_is_found_with_its_evidence():
    [finding] = tag_sharing([charge("a"), charge("b", start=hours(1))], POLICY, now=NOW)
    assert (finding.driver, finding.subject) == ("d1", "b")
    assert finding.evidence == {
        "sessions": ["a", "b"],
        "since": hours(1).isoformat(),
        "together_s": 3600,
    }


def test_tag_is_not_shared_by_what_does_not_overlap():
    def found(**second):
        return list(tag_sharing([charge("a", vehicle="v1"), charge("b", **second)], POLICY, now=NOW))

    assert found(tag="U") == []
    assert found(vehicle="v2") == []
    assert found(connector="a") == []
    assert found(start=NOW - timedelta(minutes=10)) == []
    assert len(found(vehicle="v1")) == 1


def test_meter_and_car_that_contradict_are_found_with_the_numbers():
    # 60 kWh from 20 to 60 % are 24 kWh in the battery, 26.7 at the charger.
    def found(metered_wh):
        return list(energy_mismatches([Intake("s1", "d1", metered_wh, 60_000, 20, 60)], POLICY))

    assert found(26_700) == found(33_000) == found(20_000) == []
    [finding] = found(5_000)
    assert finding.evidence == {
        "metered_wh": 5_000,
        "expected_wh": 26_667,
        "tolerance_wh": 7_333,
        "battery_wh": 60_000,
        "from_pct": 20,
        "to_pct": 60,
    }
    assert len(found(45_000)) == 1


def test_small_charge_is_judged_by_the_least_tolerance():
    assert list(energy_mismatches([Intake("s1", "d1", 3_500, 60_000, 50, 50)], POLICY)) == []
    assert len(list(energy_mismatches([Intake("s1", "d1", 3_800, 60_000, 50, 50)], POLICY))) == 1


def test_emergency_is_refuted_by_a_car_that_stays():
    def found(left_at):
        return list(refuted_emergencies([Served("e1", "d1", hours(5), 8_000, left_at)], POLICY, now=NOW))

    assert found(hours(4)) == found(hours(2)) == []
    [finding] = found(None)
    assert (finding.subject, finding.evidence["stayed_s"]) == ("e1", 5 * 3600)
    assert len(found(hours(1))) == 1


def test_signs_of_tampering_are_gathered_by_stay():
    signs = [Sign("s1", "d1", "TamperDetectionActivated", hours(count)) for count in (2, 1)]
    [finding] = tampering(signs, Thresholds(tamper_events=2))
    assert (finding.driver, finding.subject) == ("d1", "s1")
    assert [event["at"] for event in finding.evidence["events"]] == [
        hours(2).isoformat(),
        hours(1).isoformat(),
    ]
    assert list(tampering(signs, Thresholds(tamper_events=3))) == []
