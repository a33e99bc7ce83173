import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.pricing.rating.ocpi.bodies import cdr, component, element, energy, tariff


def run(tmp_path, of, session, **options):
    paths = []
    for name, body in (("tariff.json", of), ("cdr.json", session)):
        paths.append(tmp_path / name)
        paths[-1].write_text(body if isinstance(body, str) else json.dumps(body))
    out = StringIO()
    call_command("rate", *map(str, paths), stdout=out, **options)
    return json.loads(out.getvalue())


OF = tariff(element(component("ENERGY", 0.2, 10), end_time="12:00"), element(component("ENERGY", 0.3, 10)))


def test_costs_are_written_as_one_json_object(tmp_path):
    told = run(tmp_path, OF, cdr(energy(20), start="2019-03-04T10:30:00Z"))
    # 11:30 to 12:30 in Berlin: 10 x 0.20 + 10 x 0.30; + 10 %
    assert told["total_cost"] == told["total_energy_cost"] == {"excl_vat": 5, "incl_vat": 5.5}
    nothing = {"excl_vat": 0, "incl_vat": 0}
    for part in ("time", "parking", "fixed", "reservation"):
        assert told[f"total_{part}_cost"] == nothing
    assert [len(period["dimensions"]) for period in told["periods"]] == [1, 1]


def test_time_zone_is_the_one_asked_for(tmp_path):
    told = run(tmp_path, OF, cdr(energy(20), start="2019-03-04T10:30:00Z"), time_zone="Europe/London")
    assert told["total_cost"]["excl_vat"] == 4


def test_number_keeps_the_digits_of_the_file(tmp_path):
    of = '{"elements": [{"price_components": [{"type": "ENERGY", "price": 0.1, "step_size": 0}]}]}'
    # 0.1 x 0.0005 is half of the last digit, and up; the nearest binary fractions are below it.
    assert run(tmp_path, of, cdr(energy(0.0005)))["total_cost"]["excl_vat"] == 0.0001


@pytest.mark.parametrize("body", ["", "nonsense", "[]"])
def test_file_without_a_tariff_is_refused_with_a_sentence(tmp_path, body):
    with pytest.raises(CommandError) as error:
        run(tmp_path, body, cdr(energy(20)))
    assert str(error.value).startswith(
        (f"{tmp_path}/tariff.json is not JSON: ", "The tariff's file has no tariff")
    )


def test_file_that_is_not_there_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(CommandError) as error:
        call_command("rate", str(tmp_path / "none.json"), str(tmp_path / "none.json"))
    assert str(error.value) == f"{tmp_path}/none.json cannot be read: No such file or directory."
