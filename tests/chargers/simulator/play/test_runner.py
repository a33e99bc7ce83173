import pytest

from chargers.simulator.play.runner import read_keys, specs_of
from chargers.simulator.play.scenario import ScenarioError


@pytest.mark.parametrize("text", ['{"A": "1", "B": "2"}', "A 1\nB 2\n", "# keys\n\nA,1\nB, 2\n"])
def test_keys_are_read_as_json_or_as_lines(tmp_path, text):
    (tmp_path / "keys").write_text(text)
    assert read_keys(tmp_path / "keys") == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"A": 1}', "every key must be a string"), ("{", "is not JSON"), ("A", "line 1"), ("A 1 2", "line 1")],
)
def test_keys_that_are_neither_are_refused(tmp_path, text, message):
    (tmp_path / "keys").write_text(text)
    with pytest.raises(ScenarioError, match=message):
        read_keys(tmp_path / "keys")


def test_wall_boxes_are_spread_over_the_phases():
    specs = specs_of(34, {f"CP{number:02}": "k" for number in range(40)})
    assert len(specs) == 34
    assert {spec.rotation for spec in specs} == {"L1", "L2", "L3", "RST", "STR", "TRS"}
    assert sum(spec.phases == 3 for spec in specs) == 10


def test_charge_points_without_keys_get_names():
    assert [spec.id for spec in specs_of(2, {})] == ["SIM0001", "SIM0002"]
