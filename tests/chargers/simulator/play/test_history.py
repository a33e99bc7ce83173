import pytest

from chargers.simulator.play.history import History, check_circuits


def test_history_sums_draws_up_to_the_root():
    history = History(parents={"root": None, "a": "root", "b": "root"})
    history.record(1.0, [("a", (1, 2, 3)), ("b", (10, 0, 0)), ("a", (1, 0, 0)), ("root", (100, 0, 0))])
    assert {name: history.now_ma(name) for name in ("root", "a", "b")} == {
        "root": (112, 2, 3),
        "a": (2, 2, 3),
        "b": (10, 0, 0),
    }


def test_history_keeps_peaks_of_the_whole_run_and_of_a_span():
    history = History(parents={"root": None}, keep=2)
    for at, ma in ((1.0, (9, 0, 0)), (2.0, (5, 7, 0)), (3.0, (1, 1, 1))):
        history.record(at, [("root", ma)])
    assert history.peak_ma("root") == (9, 7, 1)
    assert history.peak_ma("root", since=2.5, until=9) == (1, 1, 1)
    assert [sample.at for sample in history.series["root"]] == [2.0, 3.0]


@pytest.mark.parametrize("parents", [{"a": "b"}, {"a": "a"}, {"a": "b", "b": "a"}])
def test_circuits_that_hang_on_nothing_or_themselves_are_refused(parents):
    with pytest.raises(ValueError, match="hangs on"):
        check_circuits(parents)
