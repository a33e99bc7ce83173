"""The fields of a form are read off the order."""

import pytest
from django import forms

from chargers.admin.commands.command_form import NamesField, NumbersField, field_of
from chargers.orders import charging, device, trust, upkeep
from chargers.orders.shape import arguments_of


def fields(order):
    return {one.stored: field_of(one) for one in arguments_of(order) if one.asked is not None}


def test_field_has_the_bounds_and_the_words_of_its_argument():
    shown = fields(device.Monitor)
    severity = shown["severity"]
    assert (severity.min_value, severity.max_value, severity.initial) == (0, 9, 5)
    assert (shown["name"].max_length, shown["name"].required) == (160, True)
    assert shown["kind"].label == "Tell when"
    assert shown["kind"].choices[0] == ("above", "It rises above")


def test_any_is_offered_where_nothing_has_to_be_chosen():
    assert fields(device.ReadMessages)["state"].choices[0] == ("", "Any")
    assert fields(device.ShowMessage)["priority"].choices[0] == ("cycle", "In turn with others")


def test_each_type_has_its_field():
    assert isinstance(fields(upkeep.ReadConfiguration)["keys"], NamesField)
    assert isinstance(fields(device.ClearMonitors)["monitor_numbers"], NumbersField)
    assert isinstance(fields(trust.InstallCertificate)["certificate"].widget, forms.Textarea)
    assert isinstance(fields(charging.RemoteStart)["id_tag"], forms.ModelChoiceField)
    assert isinstance(fields(upkeep.GetLog)["since"], forms.SplitDateTimeField)
    assert isinstance(fields(device.ReadComponents)["criteria"], forms.MultipleChoiceField)


def test_only_what_a_person_is_asked_for_has_a_field():
    assert "request_number" not in fields(upkeep.GetLog)


def test_person_counts_in_a_unit_of_their_own():
    limit = fields(charging.SetStationLimit)["limit_ma"]
    assert (limit.clean("12.5"), limit.clean("0")) == (12_500, 0)
    for refused in ("12.55", "-1", "1001", ""):
        with pytest.raises(forms.ValidationError):
            limit.clean(refused)
    assert fields(charging.TellCost)["cost_minor"].clean("1.25") == 125


def test_values_with_names_are_chosen_by_name():
    operative = fields(charging.ChangeAvailability)["operative"]
    assert (operative.clean("False"), operative.clean("True")) == (False, True)
    assert fields(upkeep.SetNetwork)["security_profile"].clean("3") == 3
    with pytest.raises(forms.ValidationError):
        fields(upkeep.SetNetwork)["security_profile"].clean("0")


def test_numbers_are_separated_by_blanks_or_commas():
    numbers = fields(device.ClearMonitors)["monitor_numbers"]
    assert numbers.clean("1, 2 3") == [1, 2, 3]
    with pytest.raises(forms.ValidationError):
        numbers.clean("one")
