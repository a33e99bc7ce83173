"""The fields of a form are read off the order."""

from django import forms

from chargers.admin.commands.command_form import NamesField, PemField, field_of
from chargers.orders import device, trust, upkeep
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
    assert isinstance(fields(trust.InstallCertificate)["certificate"], PemField)
    assert isinstance(fields(upkeep.GetLog)["since"], forms.SplitDateTimeField)
    assert isinstance(fields(device.ReadComponents)["criteria"], forms.MultipleChoiceField)


def test_only_what_a_person_is_asked_for_has_a_field():
    assert "request_number" not in fields(upkeep.GetLog)
