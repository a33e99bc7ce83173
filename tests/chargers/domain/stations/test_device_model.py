"""The device model of a charge point: the newest word on each variable, compared as OCPP compares names."""

from datetime import timedelta

import pytest

from chargers.domain.stations import device_model
from chargers.domain.stations.device_model import read_value, store_variables
from chargers.models import DeviceVariable
from chargers.reports.news import VariableTold
from evbalancer.common.units import INT32_MAX


@pytest.fixture
def tell(source, now):
    def tell(*told, at=now):
        store_variables(source, told, now=at)

    return tell


def of(component="EVSE", variable="Power", value="11", **more):
    return VariableTold(component=component, variable=variable, value=value, **more)


def stored():
    return sorted(DeviceVariable.objects.values_list("component", "variable", "value"))


def test_newest_word_replaces_the_older_whatever_the_case_of_the_names(tell, now):
    tell(of())
    tell(of("evse", "POWER", "22"), at=now + timedelta(hours=1))
    row = DeviceVariable.objects.get()
    assert (row.component, row.variable, row.value, row.told_at) == (
        "EVSE", "Power", "22", now + timedelta(hours=1),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["Größe", "ÉLAN", "Maß"])
def test_name_beyond_ascii_is_told_twice_like_any_other(tell, name):
    """OCPP names have no such letters, but the columns would hold them and a second row of the same name would not be taken."""
    tell(of(name, name, "1"))
    tell(of(name, name, "2"))
    assert stored() == [(name, name, "2")]


def test_last_word_of_one_report_counts(tell):
    tell(of(value="1"), of("evse", "power", "2"), of("EVSE", "Current", "3"))
    assert stored() == [("EVSE", "Current", "3"), ("EVSE", "Power", "2")]


def test_what_is_not_told_stays_as_it_was(tell):
    tell(of(unit="W", mutability="ReadOnly", data_type="decimal"))
    tell(of(value=None))
    tell(of(value="22", unit="kW"))
    row = DeviceVariable.objects.get()
    assert (row.value, row.unit, row.mutability, row.data_type) == ("22", "kW", "ReadOnly", "decimal")


def test_each_instance_evse_connector_and_attribute_is_a_variable_of_its_own(tell):
    places = [
        {}, {"component_instance": "a"}, {"variable_instance": "a"}, {"evse_number": 1},
        {"evse_number": 1, "connector_number": 1}, {"attribute": "MaxSet"},
    ]  # fmt: skip
    tell(*(of(**place) for place in places))
    assert DeviceVariable.objects.count() == len(places)


def test_number_that_no_column_holds_costs_no_other(tell):
    tell(of(value="no", evse_number=INT32_MAX + 1), of(value="yes", evse_number=INT32_MAX))
    assert stored() == [("EVSE", "Power", "yes")]


def test_full_device_model_takes_news_of_what_it_has(tell, monkeypatch, caplog):
    monkeypatch.setattr(device_model, "MOST_VARIABLES", 2)
    tell(of("A"), of("B"))
    tell(of("A", value="22"), of("C"), of("D"))
    assert stored() == [("A", "Power", "22"), ("B", "Power", "11")]
    assert caplog.text.count("more variables than are kept") == 1


def test_report_of_many_variables_takes_a_constant_number_of_queries(tell, django_assert_max_num_queries):
    tell(*(of(variable=f"V{n}") for n in range(50)))
    with django_assert_max_num_queries(8):
        tell(*(of(variable=f"V{n}", value="2") for n in range(100)))
    assert DeviceVariable.objects.filter(value="2").count() == 100


def test_value_is_read_of_the_whole_charge_point_and_its_actual_attribute(tell, source):
    tell(
        of("SampledDataCtrlr", "TxUpdatedInterval", "60"),
        of("SampledDataCtrlr", "TxUpdatedInterval", "900", attribute="MaxSet"),
        of("SampledDataCtrlr", "TxUpdatedInterval", "5", evse_number=1),
        of("SampledDataCtrlr", "TxUpdatedInterval", "7", variable_instance="b"),
    )

    def read(charge_point_id=source.charge_point_id, **more):
        names = {"component": "sampleddatactrlr", "variable": "txupdatedinterval"}
        return read_value(charge_point_id, **(names | more))

    assert (read(), read(variable_instance="B")) == ("60", "7")
    assert (read(variable="Other"), read(source.cluster_id)) == (None, None)
