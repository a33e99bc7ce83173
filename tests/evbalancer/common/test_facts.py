import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import JSONField
from django.test import RequestFactory
from django.utils.translation import override

from evbalancer.common.admin.facts import Change, Changes, facts_in_line, facts_in_words, name_in_words
from evbalancer.common.db.fields import SaidField
from tests.factories.grid import CircuitFactory


def test_facts_have_their_names_in_words_and_their_units():
    said = facts_in_words({"granted_wh": 12_500, "connectorId": 1, "ok": True, "left_at": None})
    assert said == (
        '<dl class="evb-facts"><dt>Granted</dt><dd>12.5 kWh</dd><dt>Connector id</dt><dd>1</dd>'
        "<dt>Ok</dt><dd>yes</dd><dt>Left</dt><dd>–</dd></dl>"  # noqa: RUF001  # the dash of an empty cell
    )
    with override("de"):
        assert name_in_words("granted_wh") == "Gewährt"


def test_list_of_facts_is_a_table_and_a_list_of_values_a_line():
    rows = [{"kind": "x", "at": "2026-03-02T17:00:00Z"}, {"kind": "y"}]
    said = facts_in_words(rows)
    assert '<th scope="col">Kind</th>' in said
    assert "<td>x</td><td>2026-03-02 17:00:00 UTC</td>" in said
    assert facts_in_words([16_000, 6_000], "limit_ma") == "16 A, 6 A"
    assert facts_in_words([[1, 2], [3]], "steps") == "<ul><li>1, 2</li><li>3</li></ul>"


def test_facts_of_strangers_are_neither_markup_nor_endless():
    nested = value = {}
    for _ in range(50):
        nested["a"] = nested = {}
    assert "…" in facts_in_words(value | {"b": 1})
    assert facts_in_words({"<b>": "<script>"}) == (
        '<dl class="evb-facts"><dt>&lt;b&gt;</dt><dd>&lt;script&gt;</dd></dl>'
    )


def test_facts_fit_into_a_line():
    evidence = {"missed": ["2026-03-02T17:00:00Z"], "allowed": 2, "events": [{"kind": "Tilt", "times": 3}]}
    assert facts_in_line(evidence) == "Missed: 2026-03-02 17:00:00 UTC; Allowed: 2; The charger told: Tilt 3"


def test_changes_are_told_field_by_field(db):
    circuit = CircuitFactory(name="Panel A")
    before = {"limit_l1_ma": 48_000, "parent": str(circuit.pk), "kind": "panel"}
    after = {"limit_l1_ma": 40_500, "parent": "nobody", "words": {"a": 1}}
    assert Changes().of("grid.Circuit", before, after) == [
        Change("Limit on L1", "48 A", "40.5 A"),
        Change("Parent", str(circuit), "nobody"),
        Change("Kind", "Panel", "–"),  # noqa: RUF001
        Change("Words", "–", "1"),  # noqa: RUF001
    ]
    assert Changes().of("gone.Model", None, {"name": "x"}) == [Change("Name", "–", "x")]  # noqa: RUF001


@pytest.mark.django_db
def test_no_admin_page_shows_stored_json_as_it_is(world):
    """What is read there is told in words; what is edited has a form of its own."""
    request = RequestFactory().get("/")
    request.user = world.manager
    raw = []
    for model, entry in admin.site._registry.items():
        for each in (entry, *entry.get_inline_instances(request)):
            stored = {
                column.name
                for column in each.model._meta.fields
                if isinstance(column, JSONField) and not isinstance(column, SaidField)
            }
            row = each.model._base_manager.first()
            on_page = set(flatten_fieldsets(each.get_fieldsets(request, row)))
            if each.has_change_permission(request, row):
                on_page &= set(each.get_readonly_fields(request, row))
            shown = on_page | set(getattr(each, "list_display", ()))
            raw += [f"{model._meta.label}.{name}" for name in stored & shown]
    assert raw == []
