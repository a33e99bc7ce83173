"""The benchmark of the month: its weights are the ledger's, and what it prints is what was played."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.month import (
    KINDS,
    Driver,
    Line,
    Month,
    Stay,
    figures_of,
    generated_month,
    given_back,
    night_of,
    play_month,
    read_month,
    shares_of,
    weights_on,
)
from benchmarks.month.games import GAMES, gain_of
from benchmarks.month.ghosts import lost, promised_shares
from benchmarks.month.picture import picture_of
from benchmarks.promises import play_promises
from chargers.enums import SessionState
from scheduling.domain.learning import fairness
from scheduling.models import FairnessEntry
from scheduling.solver.play.closed_loop import run_scenario
from scheduling.solver.play.live import live_policy
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
NAMES = ("ann", "ben", "cem")


def tiny_month(*, limit_ma=10_000, nights=22):
    """Three cars want 6 kWh a night on one phase; eight quarter-hours of 10 A bring 4.6 kWh, of 100 A all."""
    return Month(
        name="tiny",
        period_s=900,
        periods=8,
        limit_ma=limit_ma,
        base_load_ma=(0,) * 8,
        drivers={name: Driver(name, "usual", (0,), 16_000, 60_000) for name in NAMES},
        nights=(tuple(Stay(name, 0, 8, 6_000) for name in NAMES),) * nights,
    )


@pytest.mark.django_db
def test_weights_are_those_of_the_ledger():
    connector = ConnectorFactory()
    drivers = {name: DriverFactory(community=connector.community) for name in NAMES}
    lines = [
        Line(night, name, 20_000, due_wh, received_wh)
        for night, name, due_wh, received_wh in (
            (0, "ann", 20_000, 0),  # older than what is remembered
            (3, "ben", 20_000, 4_000),
            (30, "ann", 20_000, 12_000),
            (44, "cem", 16_000, 16_000),
            (44, "ann", 20_000, 3_000),
        )
    ]
    for line in lines:
        FairnessEntry.objects.create(
            community=connector.community,
            cluster=connector.circuit.cluster,
            driver=drivers[line.driver],
            session=SessionFactory(
                connector=connector,
                driver=drivers[line.driver],
                state=SessionState.ENDED,
                plugged_at=NOW - timedelta(days=45, hours=3),
                started_at=NOW - timedelta(days=45, hours=2),
            ),
            at=NOW - timedelta(days=45 - line.night),
            wanted_wh=line.wanted_wh,
            given_up_wh=line.wanted_wh - line.due_wh,
            received_wh=line.received_wh,
        )
    ids = {name: driver.pk for name, driver in drivers.items()}
    product = fairness.ledger_weights(connector.circuit.cluster, list(ids.values()), now=NOW)
    assert weights_on(45, lines, NAMES) == pytest.approx({name: product[ids[name]] for name in NAMES})
    assert product[ids["ann"]] > 1 > product[ids["cem"]]


def test_everybody_is_served_where_there_is_enough():
    figures = figures_of(play_month(tiny_month(limit_ma=100_000, nights=2), memory=True))
    assert (figures.worst, figures.jain, figures.longest_run) == (pytest.approx(1), pytest.approx(1), 0)


def test_promises_of_a_month_are_made_and_kept_as_the_product_makes_them():
    month = tiny_month(limit_ma=20_000, nights=2)
    _, promises = play_promises(month, share=0.4)
    assert (promises.made, promises.given, promises.kept) == (6, pytest.approx(0.4), 1)
    # One car at a time takes 16 A of the 20: of more than that the second is promised a part, and the third nothing.
    _, greedy = play_promises(month, share=0.7)
    assert (greedy.made, greedy.given) == (4, pytest.approx(0.42, abs=0.01))


def test_part_that_is_promised_follows_from_the_nights_before():
    _, promises = play_promises(tiny_month(limit_ma=100_000, nights=2))
    assert (promises.given, promises.kept) == (pytest.approx(1), 1)


def test_memory_gives_back_what_a_wronged_driver_lost():
    month = tiny_month()
    with_memory = given_back(month, "ann", memory=True)
    without = given_back(month, "ann", memory=False)
    assert with_memory[14] > without[14] + 0.2
    assert list(with_memory) == [3, 7, 14, 22]


def test_a_month_goes_on_where_its_lines_end():
    month = tiny_month(nights=4)
    whole = play_month(month, memory=True)
    begun = [line for line in whole if line.night < 2]
    assert play_month(month, memory=True, before=begun) == whole


def test_a_denied_driver_has_a_line_of_nothing():
    lines = play_month(
        tiny_month(nights=2), memory=True, denied=lambda night, driver: (night, driver) == (1, "ann")
    )
    denied = [line for line in lines if line.night == 1 and line.driver == "ann"]
    assert [(line.due_wh, line.received_wh) for line in denied] == [(6_000, 0)]


def test_figures_count_runs_and_no_more_than_was_wanted():
    lines = [
        Line(0, "ann", 10_000, 10_000, 2_000),
        Line(1, "ann", 10_000, 10_000, 2_900),
        Line(2, "ann", 10_000, 10_000, 5_100),
        Line(0, "ben", 10_000, 20_000, 14_000),
    ]
    assert shares_of(lines) == {"ann": pytest.approx(1 / 3), "ben": 1.0}
    figures = figures_of(lines)
    assert figures.longest_run == 2
    assert figures.energy == pytest.approx(0.5)
    assert figures.jain == pytest.approx((4 / 3) ** 2 / 2 / (1 + 1 / 9))


def test_an_honest_night_is_that_of_the_engines_own_loop():
    month = replace(generated_month(4), nights=generated_month(4).nights[:1])
    stays = {stay.driver: stay for stay in month.nights[0]}
    run = run_scenario(night_of(month, stays, {}), live_policy())
    loop = {driver: run.received_wh(driver) for driver in stays}
    played = {line.driver: line.received_wh for line in play_month(month, memory=True)}
    # Wishes of whole Wh break ties otherwise: a quarter of an hour at full power goes to another car.
    assert sum(played.values()) == pytest.approx(sum(loop.values()), rel=0.002)
    for driver, energy_wh in loop.items():
        assert played[driver] == pytest.approx(energy_wh, abs=month.drivers[driver].max_w / 4)


@pytest.mark.parametrize("game", GAMES)
def test_no_game_pays_where_all_have_the_same_wish(game):
    month = tiny_month(limit_ma=30_000)
    gain, lost = gain_of(month, game, "ann", honest=play_month(month, memory=True))
    assert gain <= 0.03
    assert lost <= 0.01


def test_overstating_would_pay_without_the_guard():
    month = tiny_month(limit_ma=30_000)
    honest = play_month(month, memory=True, guard=False)
    gain, _lost = gain_of(month, "twice", "ann", honest=honest, guard=False)
    assert gain > 0.1


def haunted_month():
    """Two cars want more than a night has; a ghost's 20 kWh would leave them nothing until the last hours."""
    stays = tuple(Stay(name, 8, 56, 30_000) for name in ("ann", "ben"))
    return replace(tiny_month(limit_ma=16_000), periods=72, base_load_ma=(0,) * 72, nights=(stays,) * 8)


def test_ghosts_take_promises_for_a_night_and_not_for_a_month():
    month = haunted_month()
    honest = promised_shares(month, ghosts=0)
    guarded, _ = lost(honest, promised_shares(month, ghosts=3, cancels=False))
    believed, _ = lost(honest, promised_shares(month, ghosts=3, guard=False, cancels=False))
    cancelled, _ = lost(honest, promised_shares(month, ghosts=3))
    assert believed > 30
    assert guarded < believed / 4
    assert cancelled < 1


def test_picture_has_a_mark_for_each_driver_with_memory_and_without():
    month = tiny_month(nights=2)
    lines = {memory: play_month(month, memory=memory) for memory in (True, False)}
    assert picture_of(month, lines).count("<circle") == 2 * len(NAMES) + 2


def test_generated_months_have_the_habits_of_the_file_and_repeat():
    month = generated_month(5)
    assert month == generated_month(5)
    assert month.nights != generated_month(6).nights
    kinds = [driver.kind for driver in month.drivers.values()]
    assert {kind: kinds.count(kind) for kind in KINDS} == KINDS
    assert len(month.nights) == 30
    for stay in (stay for night in month.nights for stay in night):
        assert 0 <= stay.begin < stay.end <= month.periods
        assert 0 < stay.wanted_wh <= month.drivers[stay.driver].battery_wh


def test_a_file_is_read_and_another_schema_refused(tmp_path):
    path = tmp_path / "month.json"
    data = {
        "format": "evb-month/1",
        "period_s": 900,
        "periods": 72,
        "limit_ma_per_phase": 54_000,
        "base_load_ma_per_phase": [5_000] * 72,
        "drivers": [{"id": "d00", "kind": "short", "phases": [1, 3], "max_ma": 16_000, "battery_wh": 60_000}],
        "nights": [[{"driver": "d00", "begin": 8, "end": 16, "wanted_wh": 10_855}]],
    }
    path.write_text(json.dumps(data))
    month = read_month(path)
    assert month.drivers["d00"].phases == (0, 2)
    assert month.nights == ((Stay("d00", 8, 16, 10_855),),)
    path.write_text(json.dumps(data | {"format": "evb-scenario/1"}))
    with pytest.raises(SystemExit):
        read_month(path)
